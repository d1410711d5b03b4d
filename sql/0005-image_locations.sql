CREATE TABLE IF NOT EXISTS image_locations (
  id int NOT NULL AUTO_INCREMENT,
  image_id varchar(36) NOT NULL,
  value text NOT NULL,
  created_at datetime NOT NULL,
  updated_at datetime NULL,
  deleted_at datetime NULL,
  deleted tinyint(1) NOT NULL,
  meta_data text NULL,
  status varchar(30) NOT NULL DEFAULT 'active',
  PRIMARY KEY (id),
  KEY ix_image_locations_deleted (deleted),
  KEY ix_image_locations_image_id (image_id),
  CONSTRAINT image_locations_ibfk_1 FOREIGN KEY (image_id) REFERENCES images (id),
  CONSTRAINT CONSTRAINT_1 CHECK (deleted IN (0, 1))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
