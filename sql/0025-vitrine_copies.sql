-- Images whose bytes `glance-tasks` is to fetch. Who fetches one holds its upload; while nobody does, the image is queued.
CREATE TABLE IF NOT EXISTS vitrine_copies (
  image_id varchar(36) NOT NULL,
  url text NOT NULL,
  ordered_at datetime(6) NOT NULL,
  PRIMARY KEY (image_id),
  KEY vitrine_copies_ordered_at (ordered_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
