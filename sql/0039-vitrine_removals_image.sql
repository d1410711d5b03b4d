-- For whoever asks of many images whether their bytes are still owed, as the purge of images does.
ALTER TABLE vitrine_removals
  ADD KEY IF NOT EXISTS vitrine_removals_image_id (image_id)
