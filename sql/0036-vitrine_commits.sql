-- Transactions that were committed, each under a random name. The row is written within the transaction, so whoever did not get the
-- answer of COMMIT finds out here whether it was done. Rows go after some minutes.
CREATE TABLE IF NOT EXISTS vitrine_commits (
  name varchar(64) NOT NULL,
  committed_at datetime(6) NOT NULL,
  PRIMARY KEY (name),
  KEY vitrine_commits_committed_at (committed_at)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin
