-- Uploads under way. Whoever holds one renews its lease; when it ends, `glance-tasks` gives the image back and
-- removes the bytes. No foreign key: a deleted image keeps its row, and its upload must still be found.
CREATE TABLE IF NOT EXISTS vitrine_uploads (
  image_id varchar(36) NOT NULL,
  token varchar(36) NOT NULL,
  pending_url text NOT NULL,
  worker varchar(64) NOT NULL,
  lease_until datetime(6) NOT NULL,
  PRIMARY KEY (image_id),
  UNIQUE KEY vitrine_uploads_token (token),
  KEY vitrine_uploads_worker (worker),
  KEY vitrine_uploads_lease_until (lease_until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
