-- Glance's own mark of the schema's revision; `db sync` writes 2024_1_contract01.
CREATE TABLE IF NOT EXISTS alembic_version (
  version_num varchar(32) NOT NULL,
  PRIMARY KEY (version_num)
) ENGINE=InnoDB
