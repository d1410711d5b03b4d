-- By which names a copy is known in the log: those of the request that ordered it, own and global.
ALTER TABLE vitrine_copies
  ADD COLUMN IF NOT EXISTS request_id varchar(1100) CHARACTER SET ascii NULL,
  ADD COLUMN IF NOT EXISTS global_request_id varchar(1100) CHARACTER SET ascii NULL
