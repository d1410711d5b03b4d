-- No statement looks for it, and every download moves its entry.
ALTER TABLE vitrine_image_use
  DROP INDEX IF EXISTS vitrine_image_use_last_downloaded_at
