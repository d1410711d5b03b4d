-- The last complete refresh of each report's summary table: nothing in it is older than started_at.
CREATE TABLE IF NOT EXISTS vitrine_report_passes (
  report varchar(64) NOT NULL,
  started_at datetime(6) NOT NULL,
  refreshed_at datetime(6) NOT NULL,
  images bigint NOT NULL,
  PRIMARY KEY (report)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_bin
