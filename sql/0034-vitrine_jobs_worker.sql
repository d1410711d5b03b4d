-- Whoever holds a lease is named so that no two processes of any two machines can have one name; see `Service/WorkerName.swift`.
ALTER TABLE vitrine_jobs MODIFY COLUMN worker varchar(255) NOT NULL DEFAULT ''
