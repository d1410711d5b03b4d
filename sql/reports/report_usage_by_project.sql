-- report_usage_by_project: How much does each project store?
--
-- One row for each project that has images, and one for images without a project. The figures are those that Glance's quotas use
-- (`GET /v2/info/usage`): an image counts once for each of its locations, and not if it is killed or deleted.
--
-- In a database of over 100,000 images, deleted ones too, the rows are those of the last refresh, by `glance-tasks` every `[vitrine]
-- reports_every` seconds or by `glance-manage db refresh_reports`. In a smaller one, and while the last refresh is older than a day, they are
-- added up now.
--
-- Columns
--   project                 the project, NULL for images without one
--   images                  the number of its images; the quota image_count_total
--   stored_bytes            sizes times locations; the quota image_size_total
--   virtual_bytes           the sizes of the disks that the images describe, where known
--   pending_deletion_images  images that are deleted and whose data wait for the scrubber
--   pending_deletion_bytes  the bytes of these, once for each location that waits
--   uploading_images        images that are being uploaded, imported or copied; the quota image_count_uploading
--   staged_bytes            the sizes of images whose data are staged for an import or a copy; the quota image_stage_total
--   age_seconds             the age of the row, 0 if it was added up now
--
-- Example
--   SELECT project, images, stored_bytes FROM report_usage_by_project ORDER BY stored_bytes DESC LIMIT 2
--   project                          | images | stored_bytes
--   9a3b2c0f4f6d4a8e9a4f7f1c8e2d5b60 | 4021   | 8796093022208
--   1f0e9d8c7b6a59483726150493827160 | 311    | 641728512000
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_usage_by_project AS
SELECT p.project AS project,
       p.images AS images,
       p.stored_bytes AS stored_bytes,
       p.virtual_bytes AS virtual_bytes,
       p.pending_deletion_images AS pending_deletion_images,
       p.pending_deletion_bytes AS pending_deletion_bytes,
       p.uploading_images AS uploading_images,
       p.staged_bytes AS staged_bytes,
       TIMESTAMPDIFF(SECOND, pass.started_at, UTC_TIMESTAMP(6)) AS age_seconds
  FROM vitrine_report_projects p
  JOIN vitrine_report_passes pass ON pass.report = 'usage' AND pass.refreshed_at > UTC_TIMESTAMP() - INTERVAL 1 DAY
 UNION ALL
SELECT i.owner AS project,
       SUM(i.status <> 'pending_delete') AS images,
       COALESCE(SUM(IF(i.status <> 'pending_delete' AND i.size > 0,
           CAST(i.size AS DECIMAL(20)) * (SELECT COUNT(*) FROM image_locations l WHERE l.image_id = i.id AND l.status <> 'deleted'), 0)), 0) AS stored_bytes,
       COALESCE(SUM(IF(i.status <> 'pending_delete', i.virtual_size, 0)), 0) AS virtual_bytes,
       SUM(i.status = 'pending_delete') AS pending_deletion_images,
       COALESCE(SUM(IF(i.status = 'pending_delete' AND i.size > 0,
           CAST(i.size AS DECIMAL(20)) * (SELECT COUNT(*) FROM image_locations l WHERE l.image_id = i.id AND l.status = 'pending_delete'), 0)), 0)
           AS pending_deletion_bytes,
       SUM(i.status IN ('saving', 'uploading', 'importing') OR i.status <> 'pending_delete' AND copying.image_id IS NOT NULL)
           AS uploading_images,
       COALESCE(SUM(IF((i.status IN ('uploading', 'importing') OR i.status <> 'pending_delete' AND copying.image_id IS NOT NULL)
           AND i.size > 0, i.size, 0)), 0) AS staged_bytes,
       0 AS age_seconds
  FROM images i
  -- Like Glance, this counts an image with such a property also when the property is deleted. Of an image that was imported it
  -- stays, and is empty: `> ''` would read these, too, since the index has the beginnings of values.
  LEFT JOIN (SELECT DISTINCT image_id FROM image_properties WHERE name = 'os_glance_importing_to_stores' AND value >= '!') AS copying
    ON copying.image_id = i.id
 WHERE i.status NOT IN ('deleted', 'killed') AND NOT EXISTS (SELECT 1 FROM vitrine_report_passes
                    WHERE report = 'usage' AND refreshed_at > UTC_TIMESTAMP() - INTERVAL 1 DAY)
 GROUP BY i.owner
