-- Two stores may have the same URL for data of their own, so a removal keeps the name of the store that its location was labelled with.
ALTER TABLE vitrine_removals
  ADD COLUMN IF NOT EXISTS store text CHARACTER SET utf8mb4 DEFAULT NULL
