-- Removals that failed wait longer and longer, and come after those that were never tried again.
ALTER TABLE vitrine_removals
  ADD COLUMN IF NOT EXISTS tries int NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS next_try datetime(6) NOT NULL DEFAULT '1970-01-01 00:00:00',
  ADD KEY IF NOT EXISTS vitrine_removals_next_try (next_try, owed_since)
