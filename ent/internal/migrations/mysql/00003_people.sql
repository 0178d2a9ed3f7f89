-- +goose Up
-- oldest program: 1
-- create "auth_marks" table
CREATE TABLE IF NOT EXISTS `auth_marks` (
  `id` varbinary(255) NOT NULL,
  `recorded` bool NOT NULL DEFAULT 0,
  `expires_ms` bigint NOT NULL,
  PRIMARY KEY (`id`),
  INDEX `auth_marks_expires_ms` (`expires_ms`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;
-- add columns and indexes to tables, each unless an interrupted migration has added
-- them; MySQL has no ADD COLUMN IF NOT EXISTS
SET @change = (SELECT IF(COUNT(*) > 0, 'DO 0',
  'ALTER TABLE `auth_users` ADD COLUMN `external_id` varbinary(255) NULL, ADD UNIQUE INDEX `external_id` (`external_id`)')
  FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'auth_users' AND column_name = 'external_id');
PREPARE change_table FROM @change;
EXECUTE change_table;
DEALLOCATE PREPARE change_table;
SET @change = (SELECT IF(COUNT(*) > 0, 'DO 0',
  'ALTER TABLE `auth_identities` ADD COLUMN `email_folded` varbinary(255) NULL, ADD INDEX `auth_identities_email_folded` (`email_folded`), ADD INDEX `auth_identities_phone` (`phone`), ADD INDEX `auth_identities_provider` (`provider`)')
  FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'auth_identities' AND column_name = 'email_folded');
PREPARE change_table FROM @change;
EXECUTE change_table;
DEALLOCATE PREPARE change_table;
UPDATE `auth_identities` SET `email_folded` = LOWER(`email`) WHERE `email_folded` IS NULL;
SET @change = (SELECT IF(COUNT(*) > 0, 'DO 0',
  'ALTER TABLE `auth_sessions` ADD COLUMN `provider_session` varbinary(255) NULL, ADD INDEX `auth_sessions_provider_session` (`provider_session`)')
  FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'auth_sessions' AND column_name = 'provider_session');
PREPARE change_table FROM @change;
EXECUTE change_table;
DEALLOCATE PREPARE change_table;
