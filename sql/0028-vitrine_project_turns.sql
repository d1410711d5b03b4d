-- A row is written by whoever judges whether something fits into what the project may have, so that of two at once each sees what
-- the other did. The number itself means nothing.
CREATE TABLE IF NOT EXISTS vitrine_project_turns (
  project varchar(255) NOT NULL,
  turn bigint unsigned NOT NULL,
  PRIMARY KEY (project)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
