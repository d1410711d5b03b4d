CREATE TABLE IF NOT EXISTS cached_images (
  id bigint NOT NULL AUTO_INCREMENT,
  image_id varchar(36) NOT NULL,
  last_accessed datetime NOT NULL,
  last_modified datetime NOT NULL,
  size bigint NOT NULL,
  hits int NOT NULL,
  checksum varchar(32) NULL,
  node_reference_id bigint NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY ix_cached_images_image_id_node_reference_id (image_id, node_reference_id),
  KEY node_reference_id (node_reference_id),
  CONSTRAINT cached_images_ibfk_1 FOREIGN KEY (node_reference_id) REFERENCES node_reference (node_reference_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
