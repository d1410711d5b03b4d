ALTER TABLE images
  ADD INDEX IF NOT EXISTS vitrine_images_owner_name (owner, deleted, os_hidden, name, created_at, id, visibility, status),
  ADD INDEX IF NOT EXISTS vitrine_images_owner_status (owner, deleted, os_hidden, status, created_at, id, visibility),
  ADD INDEX IF NOT EXISTS vitrine_images_owner_container_format (owner, deleted, os_hidden, container_format, created_at, id, visibility, status),
  ADD INDEX IF NOT EXISTS vitrine_images_owner_disk_format (owner, deleted, os_hidden, disk_format, created_at, id, visibility, status),
  ADD INDEX IF NOT EXISTS vitrine_images_owner_size (owner, deleted, os_hidden, size, created_at, id, visibility, status),
  ADD INDEX IF NOT EXISTS vitrine_images_owner_id (owner, deleted, os_hidden, id, visibility, status),
  ADD INDEX IF NOT EXISTS vitrine_images_owner_created_at (owner, deleted, os_hidden, created_at, id, visibility, status),
  ADD INDEX IF NOT EXISTS vitrine_images_owner_updated_at (owner, deleted, os_hidden, updated_at, created_at, id, visibility, status)
