-- The views `report_…` that `db sync` made, so that a view of the site's own is never replaced or dropped.
CREATE TABLE IF NOT EXISTS vitrine_reports (
  name varchar(64) NOT NULL,
  installed_at datetime NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_bin
