-- No statement looks for a token alone.
ALTER TABLE vitrine_jobs
  DROP INDEX IF EXISTS vitrine_jobs_token
