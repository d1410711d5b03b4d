-- Whether the bytes go to the staging area, and not into a store.
ALTER TABLE vitrine_uploads ADD COLUMN IF NOT EXISTS is_staging tinyint(1) NOT NULL DEFAULT 0
