-- How much of each store a verification compared so far. `ended_at` is set with the end of the run, unless the store was given up.
CREATE TABLE IF NOT EXISTS vitrine_verification_stores (
  run bigint NOT NULL,
  store varchar(64) NOT NULL,
  images bigint NOT NULL DEFAULT 0,
  files bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  ended_at datetime(6) NULL,
  PRIMARY KEY (run, store),
  KEY vitrine_verification_stores_store (store, run)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
