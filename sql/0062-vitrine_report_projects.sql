-- What each project stores, of a database that is too large to be added up for each question: `report_usage_by_project`. `glance-tasks` keeps
-- it current, with the next two tables; it may be emptied at any time, with the row 'usage' of vitrine_report_passes. The key has no meaning.
CREATE TABLE IF NOT EXISTS vitrine_report_projects (
  number bigint NOT NULL AUTO_INCREMENT,
  project varchar(255) NULL,
  images bigint NOT NULL,
  stored_bytes decimal(40, 0) NOT NULL,
  virtual_bytes decimal(40, 0) NOT NULL,
  pending_deletion_images bigint NOT NULL,
  pending_deletion_bytes decimal(40, 0) NOT NULL,
  uploading_images bigint NOT NULL,
  staged_bytes decimal(40, 0) NOT NULL,
  PRIMARY KEY (number),
  UNIQUE KEY vitrine_report_projects_project (project)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
