-- On a Galera cluster, locks hold at one node alone. So a transaction that judges an image as a whole (its members, tags, properties,
-- whether it is deleted) also writes here: of two at once at different nodes, one cannot commit. An image has one of 1024 rows, by
-- CRC32 of its id. The number itself means nothing. Elsewhere the table stays empty.
CREATE TABLE IF NOT EXISTS vitrine_image_turns (
  slot smallint unsigned NOT NULL,
  turn bigint unsigned NOT NULL,
  PRIMARY KEY (slot)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin
