-- report_accounting: How many image-hours and byte-hours has each project used in each month?
--
-- One row for each project and calendar month (UTC) in which it had an image. What counts is said at report_account_images; the seconds are exact at
-- the borders of the month, and the current month counts until now. For any other period there is
-- `glance-manage report accounting --since … --until …`, which runs sql/reports/accounting_period.sql.
--
-- Columns
--   project             the owner; NULL for images without one
--   month               the first day of the month, UTC
--   images              images that existed at any time of the month
--   image_hours         the sum of the hours for which each existed, rounded
--   byte_hours          the sum of the bytes of each, times its hours, rounded
--   image_seconds       the same as image_hours in seconds, exact
--   byte_seconds        the same as byte_hours in byte-seconds, exact
--
-- Example
--   SELECT project, month, images, image_hours, byte_hours FROM report_accounting WHERE month = '2026-10-01' ORDER BY byte_hours DESC LIMIT 2
--   project | month      | images | image_hours | byte_hours
--   acme    | 2026-10-01 | 12     | 8928.000    | 57646075230
--   bolt    | 2026-10-01 | 3      | 1100.500    | 9663676416
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_accounting AS
WITH RECURSIVE
-- The months from that of the first image to this one.
months AS (
  SELECT CAST(DATE_FORMAT(MIN(i.created_at), '%Y-%m-01') AS DATETIME) AS month FROM images i WHERE i.created_at < UTC_TIMESTAMP()
  UNION ALL
  SELECT m.month + INTERVAL 1 MONTH FROM months m WHERE m.month + INTERVAL 1 MONTH < UTC_TIMESTAMP()
),
-- Until the end the projects are told apart by two short keys, which compare as their names do. Rows with names of 255 letters would not fit into
-- the memory for temporary tables: they take three times as long.
projects AS (
  SELECT
    COALESCE(LEFT(WEIGHT_STRING(RTRIM(a.project)), 128), '') AS name_key,
    CASE WHEN a.project IS NULL THEN 'none' WHEN CHAR_LENGTH(a.project) > 64 THEN MD5(WEIGHT_STRING(RTRIM(a.project))) ELSE '' END AS rest_key,
    MIN(a.project) AS project,
    CAST(DATE_FORMAT(MIN(a.created_at), '%Y-%m-01') AS DATETIME) AS first_month
  FROM report_account_images a
  WHERE a.created_at < UTC_TIMESTAMP()
  GROUP BY 1, 2
),
-- What began (+) and what ended (-) in each month, and how long before the end of the month. From these all months are added up, so that the work
-- grows with the images and not with the images times the months. The last part has a row without a change for every month since a
-- project's first image. An image that ended when the month began ended in the month before.
changes AS (
  SELECT
    COALESCE(LEFT(WEIGHT_STRING(RTRIM(a.project)), 128), '') AS name_key,
    CASE WHEN a.project IS NULL THEN 'none' WHEN CHAR_LENGTH(a.project) > 64 THEN MD5(WEIGHT_STRING(RTRIM(a.project))) ELSE '' END AS rest_key,
    CAST(DATE_FORMAT(MIN(a.created_at), '%Y-%m-01') AS DATETIME) AS month,
    COUNT(*) AS began,
    COUNT(*) AS images,
    SUM(a.bytes) AS bytes,
    SUM(TIMESTAMPDIFF(SECOND, a.created_at, LEAST(LAST_DAY(a.created_at) + INTERVAL 1 DAY, UTC_TIMESTAMP()))) AS image_seconds,
    SUM(CAST(a.bytes AS DECIMAL(20, 0))
      * TIMESTAMPDIFF(SECOND, a.created_at, LEAST(LAST_DAY(a.created_at) + INTERVAL 1 DAY, UTC_TIMESTAMP()))) AS byte_seconds
  FROM report_account_images a
  WHERE a.created_at < UTC_TIMESTAMP()
  GROUP BY 1, 2, YEAR(a.created_at) * 12 + MONTH(a.created_at)
  UNION ALL
  SELECT
    COALESCE(LEFT(WEIGHT_STRING(RTRIM(a.project)), 128), '') AS name_key,
    CASE WHEN a.project IS NULL THEN 'none' WHEN CHAR_LENGTH(a.project) > 64 THEN MD5(WEIGHT_STRING(RTRIM(a.project))) ELSE '' END AS rest_key,
    CAST(DATE_FORMAT(MIN(a.ended_at) - INTERVAL 1 SECOND, '%Y-%m-01') AS DATETIME),
    0,
    -COUNT(*),
    -SUM(a.bytes),
    -SUM(TIMESTAMPDIFF(
      SECOND, a.ended_at, LEAST(LAST_DAY(a.ended_at - INTERVAL 1 SECOND) + INTERVAL 1 DAY, UTC_TIMESTAMP()))),
    -SUM(CAST(a.bytes AS DECIMAL(20, 0))
      * TIMESTAMPDIFF(
        SECOND, a.ended_at, LEAST(LAST_DAY(a.ended_at - INTERVAL 1 SECOND) + INTERVAL 1 DAY, UTC_TIMESTAMP())))
  FROM report_account_images a
  WHERE a.created_at < UTC_TIMESTAMP() AND a.ended_at <= UTC_TIMESTAMP()
  GROUP BY 1, 2, YEAR(a.ended_at - INTERVAL 1 SECOND) * 12 + MONTH(a.ended_at - INTERVAL 1 SECOND)
  UNION ALL
  SELECT p.name_key, p.rest_key, m.month, 0, 0, 0, 0, 0
  FROM projects p
  JOIN months m ON m.month >= p.first_month
),
sums AS (
  SELECT
    c.name_key AS name_key,
    c.rest_key AS rest_key,
    c.month AS month,
    SUM(c.began) AS began,
    SUM(c.images) AS images,
    SUM(c.bytes) AS bytes,
    SUM(c.image_seconds) AS image_seconds,
    SUM(c.byte_seconds) AS byte_seconds
  FROM changes c
  GROUP BY c.name_key, c.rest_key, c.month
),
-- Images and bytes at the beginning of each month.
running AS (
  SELECT
    s.name_key AS name_key,
    s.rest_key AS rest_key,
    s.month AS month,
    s.began AS began,
    s.image_seconds AS image_seconds,
    s.byte_seconds AS byte_seconds,
    TIMESTAMPDIFF(SECOND, s.month, LEAST(s.month + INTERVAL 1 MONTH, UTC_TIMESTAMP())) AS seconds,
    SUM(s.images) OVER (PARTITION BY s.name_key, s.rest_key ORDER BY s.month) - s.images AS images_before,
    SUM(s.bytes) OVER (PARTITION BY s.name_key, s.rest_key ORDER BY s.month) - s.bytes AS bytes_before
  FROM sums s
)
SELECT
  p.project AS project,
  CAST(r.month AS DATE) AS month,
  CAST(r.images_before + r.began AS SIGNED) AS images,
  ROUND((r.images_before * r.seconds + r.image_seconds) / 3600, 3) AS image_hours,
  ROUND((r.bytes_before * r.seconds + r.byte_seconds) / 3600, 0) AS byte_hours,
  r.images_before * r.seconds + r.image_seconds AS image_seconds,
  r.bytes_before * r.seconds + r.byte_seconds AS byte_seconds
FROM running r
JOIN projects p ON p.name_key = r.name_key AND p.rest_key = r.rest_key
WHERE r.images_before + r.began > 0
