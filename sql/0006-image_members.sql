CREATE TABLE IF NOT EXISTS image_members (
  id int NOT NULL AUTO_INCREMENT,
  image_id varchar(36) NOT NULL,
  member varchar(255) NOT NULL,
  can_share tinyint(1) NOT NULL,
  created_at datetime NOT NULL,
  updated_at datetime NULL,
  deleted_at datetime NULL,
  deleted tinyint(1) NOT NULL,
  status varchar(20) NOT NULL DEFAULT 'pending',
  PRIMARY KEY (id),
  UNIQUE KEY image_members_image_id_member_deleted_at_key (image_id, member, deleted_at),
  KEY ix_image_members_deleted (deleted),
  KEY ix_image_members_image_id (image_id),
  KEY ix_image_members_image_id_member (image_id, member),
  CONSTRAINT image_members_ibfk_1 FOREIGN KEY (image_id) REFERENCES images (id),
  CONSTRAINT CONSTRAINT_1 CHECK (can_share IN (0, 1)),
  CONSTRAINT CONSTRAINT_2 CHECK (deleted IN (0, 1))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
