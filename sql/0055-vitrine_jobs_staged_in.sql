-- The mark of the staging folder that has the data of a job: only a `glance-tasks` that sees this folder takes the job. NULL where any may,
-- or `node` says which; the release before this column names none.
ALTER TABLE vitrine_jobs ADD COLUMN IF NOT EXISTS staged_in varchar(64) NULL
