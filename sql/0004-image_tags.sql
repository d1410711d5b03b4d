CREATE TABLE IF NOT EXISTS image_tags (
  id int NOT NULL AUTO_INCREMENT,
  image_id varchar(36) NOT NULL,
  value varchar(255) NOT NULL,
  created_at datetime NOT NULL,
  updated_at datetime NULL,
  deleted_at datetime NULL,
  deleted tinyint(1) NOT NULL,
  PRIMARY KEY (id),
  KEY ix_image_tags_image_id (image_id),
  KEY ix_image_tags_image_id_tag_value (image_id, value),
  CONSTRAINT image_tags_ibfk_1 FOREIGN KEY (image_id) REFERENCES images (id),
  CONSTRAINT CONSTRAINT_1 CHECK (deleted IN (0, 1))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
