CREATE TABLE IF NOT EXISTS metadef_resource_types (
  id int NOT NULL AUTO_INCREMENT,
  name varchar(80) NOT NULL,
  protected tinyint(1) NOT NULL,
  created_at datetime NOT NULL,
  updated_at datetime NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_metadef_resource_types_name (name),
  CONSTRAINT CONSTRAINT_1 CHECK (protected IN (0, 1))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
