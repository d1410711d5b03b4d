-- What each store holds, as the table before: `report_usage_by_store`.
CREATE TABLE IF NOT EXISTS vitrine_report_stores (
  number bigint NOT NULL AUTO_INCREMENT,
  store varchar(255) NULL,
  scheme varchar(64) NULL,
  images bigint NOT NULL,
  locations bigint NOT NULL,
  stored_bytes decimal(40, 0) NOT NULL,
  virtual_bytes decimal(40, 0) NOT NULL,
  pending_deletion_locations bigint NOT NULL,
  pending_deletion_bytes decimal(40, 0) NOT NULL,
  PRIMARY KEY (number),
  UNIQUE KEY vitrine_report_stores_store (store, scheme)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
