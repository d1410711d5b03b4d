-- The folders of file stores, each with the mark that the right one bears in its file `.vitrine-store`. Paths are compared byte by byte.
CREATE TABLE IF NOT EXISTS vitrine_store_folders (
  path varbinary(3000) NOT NULL,
  mark varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  noted_at datetime NOT NULL,
  PRIMARY KEY (path)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
