ALTER TABLE image_tags
  ADD INDEX IF NOT EXISTS vitrine_image_tags_value (value, deleted, image_id)
