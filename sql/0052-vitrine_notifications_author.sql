-- Who caused what a notification tells, and the image that it is about, for the events that are kept.
ALTER TABLE vitrine_notifications
  ADD COLUMN IF NOT EXISTS image_id varchar(36) NULL,
  ADD COLUMN IF NOT EXISTS project varchar(255) NULL,
  ADD COLUMN IF NOT EXISTS user varchar(255) NULL
