-- The downloads of each image since use is recorded, which outlive the days of vitrine_downloads and go with the image's record. The
-- times are those of any transfer of its bytes, also of a part and of one that broke off.
CREATE TABLE IF NOT EXISTS vitrine_image_use (
  image_id varchar(36) NOT NULL,
  first_downloaded_at datetime(6) NOT NULL,
  last_downloaded_at datetime(6) NOT NULL,
  downloads bigint NOT NULL DEFAULT 0,
  ranges bigint NOT NULL DEFAULT 0,
  incomplete bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (image_id),
  KEY vitrine_image_use_last_downloaded_at (last_downloaded_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
