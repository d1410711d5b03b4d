-- report_deleted_not_purged: How many deleted rows are still there, since when?
--
-- One row for each table and day of deletion. `glance-manage db purge --age_in_days 30` removes those with age_days of at least 30 from
-- all tables but images, `db purge_images_table` from images. Rows of task_info go with their task.
--
-- In a database of over 100,000 images, deleted ones too, the rows are those of the last refresh, by `glance-tasks` every `[vitrine]
-- reports_every` seconds or by `glance-manage db refresh_reports`. In a smaller one, and while the last refresh is older than a day, they are
-- counted now.
--
-- Columns
--   table_name          the table
--   deleted_on          the day on which the rows were deleted, UTC; NULL for rows without a time of deletion
--   age_days            days since then
--   row_count           the number of rows
--   oldest_deleted_at   when the first of them was deleted, UTC
--   age_seconds         the age of the row, 0 if it was counted now
--
-- Example
--   SELECT table_name, SUM(row_count) AS row_count, MIN(oldest_deleted_at) AS oldest FROM report_deleted_not_purged GROUP BY table_name
--   table_name       | row_count | oldest
--   image_properties | 81231     | 2026-03-01 00:12:44
--   images           | 10412     | 2026-03-01 00:12:44
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_deleted_not_purged AS
SELECT d.table_name AS table_name,
       d.deleted_on AS deleted_on,
       DATEDIFF(UTC_DATE(), d.deleted_on) AS age_days,
       d.row_count AS row_count,
       d.oldest_deleted_at AS oldest_deleted_at,
       TIMESTAMPDIFF(SECOND, pass.started_at, UTC_TIMESTAMP(6)) AS age_seconds
  FROM vitrine_report_deleted d
  JOIN vitrine_report_passes pass ON pass.report = 'usage' AND pass.refreshed_at > UTC_TIMESTAMP() - INTERVAL 1 DAY
 UNION ALL
SELECT days.table_name AS table_name,
       days.deleted_on AS deleted_on,
       DATEDIFF(UTC_DATE(), days.deleted_on) AS age_days,
       days.row_count AS row_count,
       days.oldest AS oldest_deleted_at,
       0 AS age_seconds
  FROM (SELECT 'images' AS table_name, DATE(deleted_at) AS deleted_on, COUNT(*) AS row_count, MIN(deleted_at) AS oldest
          FROM images WHERE deleted = 1 GROUP BY DATE(deleted_at)
         UNION ALL
        SELECT 'image_properties' AS table_name, DATE(deleted_at) AS deleted_on, COUNT(*) AS row_count, MIN(deleted_at) AS oldest
          FROM image_properties WHERE deleted = 1 GROUP BY DATE(deleted_at)
         UNION ALL
        SELECT 'image_tags' AS table_name, DATE(deleted_at) AS deleted_on, COUNT(*) AS row_count, MIN(deleted_at) AS oldest
          FROM image_tags WHERE deleted = 1 GROUP BY DATE(deleted_at)
         UNION ALL
        SELECT 'image_locations' AS table_name, DATE(deleted_at) AS deleted_on, COUNT(*) AS row_count, MIN(deleted_at) AS oldest
          FROM image_locations WHERE deleted = 1 GROUP BY DATE(deleted_at)
         UNION ALL
        SELECT 'image_members' AS table_name, DATE(deleted_at) AS deleted_on, COUNT(*) AS row_count, MIN(deleted_at) AS oldest
          FROM image_members WHERE deleted = 1 GROUP BY DATE(deleted_at)
         UNION ALL
        SELECT 'tasks' AS table_name, DATE(deleted_at) AS deleted_on, COUNT(*) AS row_count, MIN(deleted_at) AS oldest
          FROM tasks WHERE deleted = 1 GROUP BY DATE(deleted_at)) days
 WHERE NOT EXISTS (SELECT 1 FROM vitrine_report_passes
                    WHERE report = 'usage' AND refreshed_at > UTC_TIMESTAMP() - INTERVAL 1 DAY)
