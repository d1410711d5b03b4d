-- How many deleted rows are still there, as the tables before: `report_deleted_not_purged`.
CREATE TABLE IF NOT EXISTS vitrine_report_deleted (
  number bigint NOT NULL AUTO_INCREMENT,
  table_name varchar(64) NOT NULL,
  deleted_on date NULL,
  row_count bigint NOT NULL,
  oldest_deleted_at datetime NULL,
  PRIMARY KEY (number),
  UNIQUE KEY vitrine_report_deleted_day (table_name, deleted_on)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
