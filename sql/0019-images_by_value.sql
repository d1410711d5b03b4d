-- For filters by values that no list is sorted by.
ALTER TABLE images
  ADD INDEX IF NOT EXISTS vitrine_images_virtual_size (deleted, virtual_size),
  ADD INDEX IF NOT EXISTS vitrine_images_min_disk (deleted, min_disk),
  ADD INDEX IF NOT EXISTS vitrine_images_min_ram (deleted, min_ram),
  ADD INDEX IF NOT EXISTS vitrine_images_protected (deleted, protected)
