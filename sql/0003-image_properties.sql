CREATE TABLE IF NOT EXISTS image_properties (
  id int NOT NULL AUTO_INCREMENT,
  image_id varchar(36) NOT NULL,
  name varchar(255) NOT NULL,
  value text NULL,
  created_at datetime NOT NULL,
  updated_at datetime NULL,
  deleted_at datetime NULL,
  deleted tinyint(1) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY ix_image_properties_image_id_name (image_id, name),
  KEY ix_image_properties_deleted (deleted),
  KEY ix_image_properties_image_id (image_id),
  CONSTRAINT image_properties_ibfk_1 FOREIGN KEY (image_id) REFERENCES images (id),
  CONSTRAINT CONSTRAINT_1 CHECK (deleted IN (0, 1))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
