-- report_unused: Which images has nobody downloaded, or nobody for long?
--
-- One row for each image that has data and is not deleted, also for one that was downloaded today: the question's own limit goes into the
-- query. Use counts since [vitrine] record_use is on; an older image may have been downloaded before. Parts of images, transfers that
-- broke off and data from image caches count as use.
--
-- Columns
--   image_id                  the image
--   name                      its name
--   owner                     the project that owns it, NULL if none does
--   visibility                private, shared, community or public
--   size_bytes                the length of its data
--   created_at                when it was created, UTC
--   first_downloaded_at       the first transfer, UTC, NULL for none
--   last_downloaded_at        the last transfer, UTC, NULL for none
--   age_days                  days since it was created
--   days_since_last_download  days since the last transfer, NULL for none
--   downloads                 transfers of all of it that arrived whole
--   bytes_sent                the bytes of all transfers
--
-- Example
--   SELECT image_id, name, age_days FROM report_unused WHERE last_downloaded_at IS NULL AND age_days > 365 ORDER BY size_bytes DESC LIMIT 2
--   image_id                             | name            | age_days
--   0f4c8d7e-2f0e-4c7b-9d39-0c8a5f1b2a11 | centos-7-legacy | 1204
--   5b1f6f6c-8c2b-4f8e-a2c1-1f5b0b9d7e42 | build-agent-old | 512
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_unused AS
SELECT i.id AS image_id,
       i.name AS name,
       i.owner AS owner,
       i.visibility AS visibility,
       i.size AS size_bytes,
       i.created_at AS created_at,
       u.first_downloaded_at AS first_downloaded_at,
       u.last_downloaded_at AS last_downloaded_at,
       TIMESTAMPDIFF(DAY, i.created_at, UTC_TIMESTAMP()) AS age_days,
       TIMESTAMPDIFF(DAY, u.last_downloaded_at, UTC_TIMESTAMP()) AS days_since_last_download,
       COALESCE(u.downloads, 0) AS downloads,
       COALESCE(u.bytes, 0) AS bytes_sent
  FROM images i
  LEFT JOIN vitrine_image_use u ON u.image_id = i.id
 WHERE i.deleted = 0 AND i.status IN ('active', 'deactivated')
