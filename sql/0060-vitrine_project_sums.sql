-- What the images of a project of very many took when they were counted: the images that had not changed since `since`, a day before.
-- `Persistence/ProjectSums.swift` says how a claim to a quota is judged by it. `images` and `bytes` are NULL where they were not counted.
-- `version` changes with each image that is created with an older time, as V1 allows: a count that began before it is not kept.
CREATE TABLE IF NOT EXISTS vitrine_project_sums (
  project varchar(255) NOT NULL,
  version bigint unsigned NOT NULL,
  since datetime NULL,
  images bigint NULL,
  bytes bigint NULL,
  PRIMARY KEY (project)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
