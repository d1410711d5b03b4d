-- Notifications that are kept for reports, with who did what. `glance-tasks` moves them here from vitrine_notifications in the
-- transaction that ends them, and removes them after `[vitrine] events_kept` days.
CREATE TABLE IF NOT EXISTS vitrine_events (
  id bigint NOT NULL AUTO_INCREMENT,
  happened_at datetime(6) NOT NULL,
  event_type varchar(64) NOT NULL,
  priority varchar(16) NOT NULL,
  image_id varchar(36) NULL,
  project varchar(255) NULL,
  user varchar(255) NULL,
  request_id varchar(1100) CHARACTER SET ascii NULL,
  payload mediumtext NOT NULL,
  PRIMARY KEY (id),
  KEY vitrine_events_happened_at (happened_at),
  KEY vitrine_events_image_id (image_id, happened_at),
  KEY vitrine_events_project (project, happened_at),
  KEY vitrine_events_user (user, happened_at),
  KEY vitrine_events_event_type (event_type, happened_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
