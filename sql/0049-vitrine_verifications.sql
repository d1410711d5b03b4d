-- Verifications: comparisons of records, files and digests. `store` and `image_id` say to what a run is restricted. The process that
-- does a run renews its lease; a run without an end and without a lease was interrupted, and goes on at `position`.
CREATE TABLE IF NOT EXISTS vitrine_verifications (
  id bigint NOT NULL AUTO_INCREMENT,
  kind varchar(16) NOT NULL,
  store varchar(64) NULL,
  image_id varchar(36) NULL,
  is_quick tinyint(1) NOT NULL,
  started_at datetime(6) NOT NULL,
  ended_at datetime(6) NULL,
  position varchar(255) NOT NULL DEFAULT '',
  images bigint NOT NULL DEFAULT 0,
  files bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  findings bigint NOT NULL DEFAULT 0,
  worker varchar(255) NOT NULL,
  token varchar(36) NOT NULL,
  lease_until datetime(6) NOT NULL,
  PRIMARY KEY (id),
  KEY vitrine_verifications_ended_at (ended_at, lease_until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
