-- What is overdue is found by next_try, and the oldest is told by that index too.
ALTER TABLE vitrine_removals
  DROP INDEX IF EXISTS vitrine_removals_owed_since
