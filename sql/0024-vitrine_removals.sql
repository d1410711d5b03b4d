-- Bytes of deleted images that still lie in a store. A row goes when they are gone.
CREATE TABLE IF NOT EXISTS vitrine_removals (
  id bigint NOT NULL AUTO_INCREMENT,
  image_id varchar(36) NOT NULL,
  url text NOT NULL,
  owed_since datetime(6) NOT NULL,
  PRIMARY KEY (id),
  KEY vitrine_removals_owed_since (owed_since)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
