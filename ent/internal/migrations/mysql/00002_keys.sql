-- +goose Up
-- oldest program: 1
-- create "auth_keys" table
CREATE TABLE IF NOT EXISTS `auth_keys` (
  `id` varbinary(255) NOT NULL,
  `purpose` varbinary(255) NOT NULL,
  `serial` bigint NOT NULL,
  `secret` blob NOT NULL,
  `public` blob NULL,
  `created_ms` bigint NOT NULL,
  `active_ms` bigint NOT NULL,
  `revoked_ms` bigint NULL,
  PRIMARY KEY (`id`),
  UNIQUE INDEX `auth_keys_purpose_serial` (`purpose`, `serial`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;
-- add columns to table: "auth_sessions", unless an interrupted migration has added
-- them; MySQL has no ADD COLUMN IF NOT EXISTS
SET @add_columns = (SELECT IF(COUNT(*) > 0, 'DO 0',
  'ALTER TABLE `auth_sessions` ADD COLUMN `refresh_generation` bigint NOT NULL DEFAULT 0, ADD COLUMN `previous_hash` binary(32) NULL, ADD COLUMN `refreshed_ms` bigint NULL')
  FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'auth_sessions' AND column_name = 'refresh_generation');
PREPARE add_columns FROM @add_columns;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns;
