-- report_property_values: Which values does each property have, and how often?
--
-- One row for each name and value of properties of images that are not deleted. Values that differ in case are different. The rows are those of
-- the last refresh, by `glance-tasks` every `[vitrine] reports_every` seconds or by `glance-manage db refresh_reports`; until the first
-- one they are counted now, which takes ten seconds for 2,000,000 properties.
--
-- Columns
--   name         the name of the property
--   value        the value
--   images       the number of images that have it
--   bytes        the sum of the sizes of these images
--   age_seconds  the age of the row, 0 if it was counted now
--
-- Example
--   SELECT value, images, bytes FROM report_property_values WHERE name = 'os_distro' ORDER BY images DESC, value LIMIT 2
--   value  | images | bytes
--   ubuntu | 2811   | 5905580032000
--   debian | 1644   | 1288490188800
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_property_values AS
SELECT v.name AS name,
       v.value AS value,
       v.images AS images,
       v.bytes AS bytes,
       TIMESTAMPDIFF(SECOND, pass.started_at, UTC_TIMESTAMP(6)) AS age_seconds
  FROM vitrine_report_property_values v
  JOIN vitrine_report_passes pass ON pass.report = 'images'
 UNION ALL
SELECT MIN(p.name), MIN(p.value), COUNT(*), COALESCE(SUM(i.size), 0), 0
  FROM image_properties p
  JOIN images i ON i.id = p.image_id
 WHERE p.deleted = 0 AND i.deleted = 0 AND NOT EXISTS (SELECT 1 FROM vitrine_report_passes WHERE report = 'images')
 GROUP BY SHA2(IF(p.value IS NULL, p.name, CONCAT(p.name, CHAR(0), p.value)), 256)
