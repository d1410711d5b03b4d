-- Which values the properties have: `report_property_values`. The digest is SHA-256 of name and value, since values are long and the collation
-- takes texts for equal that are not. `glance-tasks` keeps it current; it may be emptied at any time.
CREATE TABLE IF NOT EXISTS vitrine_report_property_values (
  digest binary(32) NOT NULL,
  name varchar(255) NOT NULL,
  value text NULL,
  images bigint NOT NULL,
  bytes decimal(30, 0) NOT NULL,
  PRIMARY KEY (digest),
  KEY vitrine_report_property_values_name (name, images)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
