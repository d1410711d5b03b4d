-- How each node (a machine with `glance-api`) is set up, as JSON: its name, its address for the others, the marks of its staging folder and
-- of the folders of its file stores, its stores, and the settings that all nodes must share. The nodes compare them, each once a minute.
-- A row that was not written for a day is removed.
CREATE TABLE IF NOT EXISTS vitrine_node_setups (
  node varchar(255) NOT NULL,
  setup mediumtext NOT NULL,
  seen_at datetime(6) NOT NULL,
  PRIMARY KEY (node)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
