-- +goose Up
-- oldest program: 1
-- add columns to table: "auth_sessions"
ALTER TABLE `auth_sessions` ADD COLUMN `refresh_generation` integer NOT NULL DEFAULT 0;
ALTER TABLE `auth_sessions` ADD COLUMN `previous_hash` blob NULL;
ALTER TABLE `auth_sessions` ADD COLUMN `refreshed_ms` integer NULL;
-- create "auth_keys" table
CREATE TABLE `auth_keys` (
  `id` text NOT NULL,
  `purpose` text NOT NULL,
  `serial` integer NOT NULL,
  `secret` blob NOT NULL,
  `public` blob NULL,
  `created_ms` integer NOT NULL,
  `active_ms` integer NOT NULL,
  `revoked_ms` integer NULL,
  PRIMARY KEY (`id`)
);
-- create index "auth_keys_purpose_serial" to table: "auth_keys"
CREATE UNIQUE INDEX `auth_keys_purpose_serial` ON `auth_keys` (`purpose`, `serial`);
