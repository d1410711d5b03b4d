ALTER TABLE image_members
  ADD INDEX IF NOT EXISTS vitrine_image_members_member (member, deleted, status, image_id)
