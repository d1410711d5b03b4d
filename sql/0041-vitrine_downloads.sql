-- What each caller downloaded of each image on each day (UTC), from nginx's log of what was sent. A line of that log counts in one of three
-- columns: `downloads` (all of the image arrived), `ranges` (all of a part of it arrived) or `incomplete` (the transfer broke off).
-- No foreign key: a purged image keeps its days. Projects and users are compared byte by byte.
-- The primary key is in the order of report_downloads_daily's groups.
CREATE TABLE IF NOT EXISTS vitrine_downloads (
  day date NOT NULL,
  image_id varchar(36) NOT NULL,
  project varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT '',
  user varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL DEFAULT '',
  method varchar(8) NOT NULL,
  downloads bigint NOT NULL DEFAULT 0,
  ranges bigint NOT NULL DEFAULT 0,
  incomplete bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  last_at datetime(6) NOT NULL,
  PRIMARY KEY (day, image_id, project, method, user),
  KEY vitrine_downloads_image_id (image_id, day)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
