-- report_usage_by_store: How much does each store hold?
--
-- One row for each store and scheme that locations name. An image in two stores counts in both, so the sum of stored_bytes is that of
-- `report_usage_by_project`. Data of an upload that has not ended have no location yet, and count in no store.
--
-- In a database of over 100,000 images, deleted ones too, the rows are those of the last refresh, by `glance-tasks` every `[vitrine]
-- reports_every` seconds or by `glance-manage db refresh_reports`. In a smaller one, and while the last refresh is older than a day, they are
-- added up now.
--
-- Columns
--   store                       the store that the locations name, NULL where they name none, as with a single store
--   scheme                      the scheme of the locations, such as file, NULL where URLs are encrypted
--   images                      the number of images with data there
--   locations                   the number of their locations
--   stored_bytes                the size of each image, for each of its locations there
--   virtual_bytes               the size of the disk that it describes, where known, for each of its locations there
--   pending_deletion_locations  locations whose data wait for the scrubber
--   pending_deletion_bytes      the sizes of these
--   age_seconds                 the age of the row, 0 if it was added up now
--
-- Example
--   SELECT store, scheme, images, stored_bytes FROM report_usage_by_store ORDER BY stored_bytes DESC LIMIT 2
--   store | scheme | images | stored_bytes
--   fast  | file   | 18202  | 38482906972160
--   ceph  | rbd    | 4002   | 9345848836096
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_usage_by_store AS
SELECT s.store AS store,
       s.scheme AS scheme,
       s.images AS images,
       s.locations AS locations,
       s.stored_bytes AS stored_bytes,
       s.virtual_bytes AS virtual_bytes,
       s.pending_deletion_locations AS pending_deletion_locations,
       s.pending_deletion_bytes AS pending_deletion_bytes,
       TIMESTAMPDIFF(SECOND, pass.started_at, UTC_TIMESTAMP(6)) AS age_seconds
  FROM vitrine_report_stores s
  JOIN vitrine_report_passes pass ON pass.report = 'usage' AND pass.refreshed_at > UTC_TIMESTAMP() - INTERVAL 1 DAY
 UNION ALL
SELECT LEFT(COALESCE(JSON_VALUE(l.meta_data, '$.store'), JSON_VALUE(l.meta_data, '$.backend')), 255) AS store,
       IF(LOCATE('://', l.value), LOWER(SUBSTRING_INDEX(LEFT(l.value, 64), '://', 1)), NULL) AS scheme,
       SUM(i.status NOT IN ('deleted', 'killed', 'pending_delete') AND repeated.id IS NULL) AS images,
       SUM(i.status NOT IN ('deleted', 'killed', 'pending_delete')) AS locations,
       SUM(IF(i.status NOT IN ('deleted', 'killed', 'pending_delete') AND i.size > 0, i.size, 0)) AS stored_bytes,
       SUM(IF(i.status NOT IN ('deleted', 'killed', 'pending_delete') AND i.virtual_size > 0, i.virtual_size, 0)) AS virtual_bytes,
       SUM(l.status = 'pending_delete') AS pending_deletion_locations,
       SUM(IF(l.status = 'pending_delete' AND i.size > 0, i.size, 0)) AS pending_deletion_bytes,
       0 AS age_seconds
  FROM image_locations l
  JOIN images i ON i.id = l.image_id
  -- Locations of an image after its first one in the same store. COUNT(DISTINCT) would sort all locations.
  LEFT JOIN (SELECT DISTINCT b.id
               FROM image_locations a
               JOIN image_locations b ON b.image_id = a.image_id AND b.id > a.id
              WHERE a.status <> 'deleted'
                AND LEFT(COALESCE(JSON_VALUE(a.meta_data, '$.store'), JSON_VALUE(a.meta_data, '$.backend')), 255)
                    <=> LEFT(COALESCE(JSON_VALUE(b.meta_data, '$.store'), JSON_VALUE(b.meta_data, '$.backend')), 255)
                AND IF(LOCATE('://', a.value), LOWER(SUBSTRING_INDEX(LEFT(a.value, 64), '://', 1)), NULL)
                    <=> IF(LOCATE('://', b.value), LOWER(SUBSTRING_INDEX(LEFT(b.value, 64), '://', 1)), NULL)) AS repeated ON repeated.id = l.id
 WHERE l.status <> 'deleted' AND NOT EXISTS (SELECT 1 FROM vitrine_report_passes
                    WHERE report = 'usage' AND refreshed_at > UTC_TIMESTAMP() - INTERVAL 1 DAY)
 GROUP BY 1, 2
