CREATE TABLE IF NOT EXISTS node_reference (
  node_reference_id bigint NOT NULL AUTO_INCREMENT,
  node_reference_url varchar(255) NOT NULL,
  PRIMARY KEY (node_reference_id),
  UNIQUE KEY uq_node_reference_node_reference_url (node_reference_url)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
