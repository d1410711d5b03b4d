-- Tasks that `glance-tasks` does or is to do. Whoever does one renews its lease; when that ends somebody else begins again, or undoes
-- it. A row goes with the end of its task. `pending` says where bytes of the last try lie until they are whole; `details` is what
-- only the service may know. An image is in the hands of one task at a time.
CREATE TABLE IF NOT EXISTS vitrine_jobs (
  task_id varchar(36) NOT NULL,
  image_id varchar(36) NULL,
  details mediumtext CHARACTER SET utf8mb4 NOT NULL,
  node varchar(255) NULL,
  token varchar(36) NOT NULL DEFAULT '',
  pending text NOT NULL,
  worker varchar(64) NOT NULL DEFAULT '',
  lease_until datetime(6) NOT NULL,
  tries int NOT NULL DEFAULT 0,
  reserved bigint NOT NULL DEFAULT 0,
  request_id varchar(1100) CHARACTER SET ascii NULL,
  global_request_id varchar(1100) CHARACTER SET ascii NULL,
  PRIMARY KEY (task_id),
  UNIQUE KEY vitrine_jobs_image_id (image_id),
  KEY vitrine_jobs_lease_until (lease_until),
  KEY vitrine_jobs_worker (worker),
  KEY vitrine_jobs_token (token)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
