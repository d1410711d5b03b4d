-- What verifications found. `object` is a file or a location without user and password; `object_key` tells one finding of a run from
-- another, so that a run that is repeated from its last position finds nothing twice. `repair` says what was done about it.
CREATE TABLE IF NOT EXISTS vitrine_verification_findings (
  id bigint NOT NULL AUTO_INCREMENT,
  run bigint NOT NULL,
  kind varchar(32) NOT NULL,
  store varchar(64) NOT NULL,
  image_id varchar(36) NULL,
  object text NOT NULL,
  object_key binary(32) NOT NULL,
  detail text NOT NULL,
  bytes bigint NOT NULL DEFAULT 0,
  found_at datetime(6) NOT NULL,
  repaired_at datetime(6) NULL,
  repair text NULL,
  PRIMARY KEY (id),
  UNIQUE KEY vitrine_verification_findings_object (run, object_key),
  KEY vitrine_verification_findings_image_id (image_id),
  KEY vitrine_verification_findings_open (run, repaired_at, kind)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
