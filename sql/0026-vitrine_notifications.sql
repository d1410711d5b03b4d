-- Notifications that are still to be sent, written with the change that they tell of. `glance-tasks` sends them in the order
-- of their numbers. Payloads hold texts that no other table could, such as what a fault said.
CREATE TABLE IF NOT EXISTS vitrine_notifications (
  id bigint NOT NULL AUTO_INCREMENT,
  message_id char(36) NOT NULL,
  publisher_id varchar(255) NOT NULL,
  event_type varchar(64) NOT NULL,
  priority varchar(16) NOT NULL,
  payload mediumtext NOT NULL,
  request_id varchar(1100) NULL,
  global_request_id varchar(1100) NULL,
  happened_at datetime(6) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
