-- report_growth_daily: How did the images grow, day by day?
--
-- One row for each day from the oldest image to today, by UTC. It is made from created_at and deleted_at of the images, so it reaches
-- back to before this service; images whose rows were purged are missing on all days. Each image counts once, with the size that it has
-- now, from the day on which it was created: how a size or the number of locations changed is not recorded. An image that waits for the
-- scrubber counts as deleted, and a killed one as an image until it is deleted.
--
-- Columns
--   day            the day, UTC
--   added          images that were created on it
--   added_bytes    their sizes
--   deleted        images that were deleted on it
--   deleted_bytes  their sizes
--   images         images at the end of the day
--   stored_bytes   their sizes
--
-- Example
--   SELECT day, added, deleted, images, stored_bytes FROM report_growth_daily ORDER BY day DESC LIMIT 2
--   day        | added | deleted | images | stored_bytes
--   2026-11-29 | 31    | 4       | 20817  | 41893359616000
--   2026-11-28 | 112   | 57      | 20790  | 41806544486400
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_growth_daily AS
WITH digits AS (
  SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
  UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
), added AS (
  SELECT DATE(created_at) AS day, COUNT(*) AS images, COALESCE(SUM(size), 0) AS bytes FROM images GROUP BY DATE(created_at)
), removed AS (
  -- A restored image of Glance keeps its deleted_at.
  SELECT DATE(COALESCE(deleted_at, updated_at, created_at)) AS day, COUNT(*) AS images, COALESCE(SUM(size), 0) AS bytes
    FROM images
   WHERE deleted = 1
   GROUP BY DATE(COALESCE(deleted_at, updated_at, created_at))
), days AS (
  -- A recursive query would end after max_recursive_iterations days.
  SELECT oldest.day + INTERVAL (a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n) DAY AS day
    FROM (SELECT DATE(MIN(created_at)) AS day FROM images) AS oldest, digits AS a, digits AS b, digits AS c, digits AS d, digits AS e
   WHERE a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n <= DATEDIFF(UTC_DATE(), oldest.day)
)
SELECT days.day AS day,
       COALESCE(added.images, 0) AS added,
       COALESCE(added.bytes, 0) AS added_bytes,
       COALESCE(removed.images, 0) AS deleted,
       COALESCE(removed.bytes, 0) AS deleted_bytes,
       SUM(COALESCE(added.images, 0) - COALESCE(removed.images, 0)) OVER (ORDER BY days.day) AS images,
       SUM(COALESCE(added.bytes, 0) - COALESCE(removed.bytes, 0)) OVER (ORDER BY days.day) AS stored_bytes
  FROM days
  LEFT JOIN added ON added.day = days.day
  LEFT JOIN removed ON removed.day = days.day
