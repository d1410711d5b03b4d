CREATE TABLE IF NOT EXISTS metadef_namespaces (
  id int NOT NULL AUTO_INCREMENT,
  namespace varchar(80) NOT NULL,
  display_name varchar(80) NULL,
  description text NULL,
  visibility varchar(32) NULL,
  protected tinyint(1) NULL,
  owner varchar(255) NOT NULL,
  created_at datetime NOT NULL,
  updated_at datetime NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_metadef_namespaces_namespace (namespace),
  KEY ix_metadef_namespaces_owner (owner),
  CONSTRAINT CONSTRAINT_1 CHECK (protected IN (0, 1))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
