CREATE TABLE IF NOT EXISTS task_info (
  task_id varchar(36) NOT NULL,
  input text NULL,
  result text NULL,
  message text NULL,
  PRIMARY KEY (task_id),
  CONSTRAINT task_info_ibfk_1 FOREIGN KEY (task_id) REFERENCES tasks (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
