-- Work that one process at a time does: who does it, until when, and how far it came.
CREATE TABLE IF NOT EXISTS vitrine_turns (
  name varchar(255) NOT NULL,
  worker varchar(64) NOT NULL,
  lease_until datetime(6) NOT NULL,
  position varchar(255) NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
