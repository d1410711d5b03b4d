CREATE TABLE IF NOT EXISTS metadef_namespace_resource_types (
  resource_type_id int NOT NULL,
  namespace_id int NOT NULL,
  properties_target varchar(80) NULL,
  prefix varchar(80) NULL,
  created_at datetime NOT NULL,
  updated_at datetime NULL,
  PRIMARY KEY (resource_type_id, namespace_id),
  KEY ix_metadef_ns_res_types_namespace_id (namespace_id),
  CONSTRAINT metadef_namespace_resource_types_ibfk_1 FOREIGN KEY (namespace_id) REFERENCES metadef_namespaces (id),
  CONSTRAINT metadef_namespace_resource_types_ibfk_2 FOREIGN KEY (resource_type_id) REFERENCES metadef_resource_types (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
