-- Which of these files the database has taken. Each holds one statement, as MariaDB commits every DDL by itself, and may
-- run twice without harm.
CREATE TABLE IF NOT EXISTS vitrine_migrations (
  name varchar(80) NOT NULL,
  applied_at datetime NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci
