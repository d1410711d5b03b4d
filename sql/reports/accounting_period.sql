-- Image-hours and byte-hours by project from @since to @until, exact to the second; MariaDB's views take no parameters.
--
-- `glance-manage report accounting --since … --until …` runs this statement. To run it by hand, set both and paste it. What counts is said at
-- report_account_images, which is all that it reads. @until itself is not part of the period; a period that is not over counts until now.
--
--   SET @since = '2026-10-01 00:00:00', @until = '2026-11-01 00:00:00';
SELECT
  p.project AS project,
  COUNT(*) AS images,
  ROUND(SUM(p.seconds) / 3600, 3) AS image_hours,
  ROUND(SUM(p.bytes * p.seconds) / 3600, 0) AS byte_hours,
  SUM(p.seconds) AS image_seconds,
  SUM(p.bytes * p.seconds) AS byte_seconds
FROM (
  SELECT
    a.project AS project,
    CAST(a.bytes AS DECIMAL(20, 0)) AS bytes,
    TIMESTAMPDIFF(
      SECOND, GREATEST(a.created_at, CAST(@since AS DATETIME)),
      LEAST(COALESCE(a.ended_at, UTC_TIMESTAMP()), CAST(@until AS DATETIME), UTC_TIMESTAMP())) AS seconds
  FROM report_account_images a
  WHERE a.created_at < LEAST(CAST(@until AS DATETIME), UTC_TIMESTAMP()) AND (a.ended_at IS NULL OR a.ended_at > CAST(@since AS DATETIME))
) p
GROUP BY p.project
ORDER BY byte_seconds DESC, image_seconds DESC, project
