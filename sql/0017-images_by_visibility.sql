-- A list is a merge of ranges of these and of the next: each in the order of its sort key, then of age, then of id.
-- What a range is besides told by stands at the end, so that no row needs to be read to find a page.
-- `Persistence/ListPlan.swift` names them.
ALTER TABLE images
  ADD INDEX IF NOT EXISTS vitrine_images_visibility_name (visibility, deleted, os_hidden, name, created_at, id, status),
  ADD INDEX IF NOT EXISTS vitrine_images_visibility_status (visibility, deleted, os_hidden, status, created_at, id),
  ADD INDEX IF NOT EXISTS vitrine_images_visibility_container_format (visibility, deleted, os_hidden, container_format, created_at, id, status),
  ADD INDEX IF NOT EXISTS vitrine_images_visibility_disk_format (visibility, deleted, os_hidden, disk_format, created_at, id, status),
  ADD INDEX IF NOT EXISTS vitrine_images_visibility_size (visibility, deleted, os_hidden, size, created_at, id, status),
  ADD INDEX IF NOT EXISTS vitrine_images_visibility_id (visibility, deleted, os_hidden, id, status),
  ADD INDEX IF NOT EXISTS vitrine_images_visibility_created_at (visibility, deleted, os_hidden, created_at, id, status),
  ADD INDEX IF NOT EXISTS vitrine_images_visibility_updated_at (visibility, deleted, os_hidden, updated_at, created_at, id, status)
