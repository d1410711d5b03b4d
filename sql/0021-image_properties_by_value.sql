-- The first 64 characters of a value tell it from most others.
ALTER TABLE image_properties
  ADD INDEX IF NOT EXISTS vitrine_image_properties_value (name, value(64), deleted, image_id)
