-- Nodes whose `glance-tasks` does what waits for them alone, by the addresses that the configuration gives them, and when each said last
-- that it is there. One that has been silent for too long is not waited for any more.
CREATE TABLE IF NOT EXISTS vitrine_nodes (
  node varchar(255) NOT NULL,
  seen_at datetime(6) NOT NULL,
  PRIMARY KEY (node)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_bin
