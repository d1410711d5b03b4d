-- report_account_images: From when to when does each image count for its project, and with how many bytes?
--
-- The rows that report_accounting and sql/reports/accounting_period.sql add up; one for each image that the database knows. An image counts
-- from created_at, whatever became of it then, since the database knows of no other beginning. It counts until deleted_at; the
-- delayed deletion of its data (pending_delete) is not the project's time any more. A killed image (V1) does not count at all, nor does one that was
-- deleted in the second in which it was created.
-- Bytes are the size of the image, once: copies in several stores are not counted again, since purged locations would change old figures. An
-- image whose data never came, or has not come yet, counts with 0 bytes. Rows that `db purge_images_table` has removed are missing.
--
-- Columns
--   image_id            the image
--   project             the owner; NULL if it has none
--   status              the state of the image now
--   bytes               the size that counts, in bytes
--   created_at          when it begins to count, UTC
--   ended_at            when it ended to count, UTC; NULL while it counts
--
-- Example
--   SELECT project, bytes, created_at, ended_at FROM report_account_images ORDER BY created_at DESC LIMIT 2
--   project | bytes   | created_at          | ended_at
--   acme    | 8388608 | 2026-11-03 10:00:00 | NULL
--   bolt    | 65536   | 2026-11-01 00:00:00 | 2026-11-02 12:30:00
CREATE OR REPLACE SQL SECURITY DEFINER VIEW report_account_images AS
SELECT
  i.id AS image_id,
  i.owner AS project,
  i.status AS status,
  IF(i.status IN ('queued', 'saving', 'uploading', 'importing'), 0, GREATEST(COALESCE(i.size, 0), 0)) AS bytes,
  i.created_at AS created_at,
  IF(i.deleted = 1, i.deleted_at, NULL) AS ended_at
FROM images i
WHERE i.status <> 'killed' AND (i.deleted = 0 OR i.deleted_at > i.created_at)
