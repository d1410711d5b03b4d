CREATE TABLE IF NOT EXISTS metadef_properties (
  id int NOT NULL AUTO_INCREMENT,
  namespace_id int NOT NULL,
  name varchar(80) NOT NULL,
  json_schema text NOT NULL,
  created_at datetime NOT NULL,
  updated_at datetime NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_metadef_properties_namespace_id_name (namespace_id, name),
  KEY ix_metadef_properties_name (name),
  CONSTRAINT metadef_properties_ibfk_1 FOREIGN KEY (namespace_id) REFERENCES metadef_namespaces (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
