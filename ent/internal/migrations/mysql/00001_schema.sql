-- +goose Up
-- oldest program: 1
-- create "auth_users" table
CREATE TABLE IF NOT EXISTS `auth_users` (
  `id` char(36) NOT NULL,
  `created_ms` bigint NOT NULL,
  `disabled_ms` bigint NULL,
  `not_before_ms` bigint NULL,
  PRIMARY KEY (`id`)
) CHARSET utf8mb4 COLLATE utf8mb4_bin;
-- create "auth_identities" table
CREATE TABLE IF NOT EXISTS `auth_identities` (
  `id` char(36) NOT NULL,
  `issuer` varbinary(255) NOT NULL,
  `subject` varbinary(255) NOT NULL,
  `provider` varbinary(255) NOT NULL,
  `identifier` longtext NOT NULL,
  `email` varchar(255) NOT NULL,
  `email_verified` bool NOT NULL,
  `phone` varchar(255) NOT NULL,
  `phone_verified` bool NOT NULL,
  `created_ms` bigint NOT NULL,
  `last_login_ms` bigint NOT NULL,
  `user_id` char(36) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE INDEX `auth_identities_issuer_subject` (`issuer`, `subject`),
  INDEX `auth_identities_user_id` (`user_id`),
  CONSTRAINT `auth_identities_auth_users_identities` FOREIGN KEY (`user_id`) REFERENCES `auth_users` (`id`) ON DELETE CASCADE
) CHARSET utf8mb4 COLLATE utf8mb4_bin;
-- create "auth_sessions" table
CREATE TABLE IF NOT EXISTS `auth_sessions` (
  `id` varbinary(255) NOT NULL,
  `lookup` binary(16) NOT NULL,
  `secret_hash` binary(32) NOT NULL,
  `provider` varbinary(255) NOT NULL,
  `issuer` varbinary(255) NOT NULL,
  `subject` varbinary(255) NOT NULL,
  `auth_method` varchar(255) NOT NULL,
  `transport` varchar(255) NOT NULL,
  `claims` longtext NULL,
  `created_ms` bigint NOT NULL,
  `authenticated_ms` bigint NULL,
  `last_seen_ms` bigint NOT NULL,
  `idle_expires_ms` bigint NULL,
  `expires_ms` bigint NOT NULL,
  `revoked_ms` bigint NULL,
  `revoke_reason` varchar(255) NOT NULL DEFAULT '',
  `user_agent` varchar(255) NOT NULL,
  `address` varchar(255) NOT NULL,
  `identity_id` char(36) NOT NULL,
  `user_id` char(36) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE INDEX `lookup` (`lookup`),
  INDEX `auth_sessions_user_id_revoked_ms_created_ms` (`user_id`, `revoked_ms`, `created_ms`),
  INDEX `auth_sessions_identity_id` (`identity_id`),
  INDEX `auth_sessions_expires_ms` (`expires_ms`),
  INDEX `auth_sessions_idle_expires_ms` (`idle_expires_ms`),
  INDEX `auth_sessions_revoked_ms` (`revoked_ms`),
  CONSTRAINT `auth_sessions_auth_identities_sessions` FOREIGN KEY (`identity_id`) REFERENCES `auth_identities` (`id`) ON DELETE CASCADE,
  CONSTRAINT `auth_sessions_auth_users_sessions` FOREIGN KEY (`user_id`) REFERENCES `auth_users` (`id`) ON DELETE CASCADE
) CHARSET utf8mb4 COLLATE utf8mb4_bin;
