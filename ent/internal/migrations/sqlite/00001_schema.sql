-- +goose Up
-- oldest program: 1
-- create "auth_identities" table
CREATE TABLE `auth_identities` (
  `id` uuid NOT NULL,
  `issuer` text NOT NULL,
  `subject` text NOT NULL,
  `provider` text NOT NULL,
  `identifier` text NOT NULL,
  `email` text NOT NULL,
  `email_verified` bool NOT NULL,
  `phone` text NOT NULL,
  `phone_verified` bool NOT NULL,
  `created_ms` integer NOT NULL,
  `last_login_ms` integer NOT NULL,
  `user_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `auth_identities_auth_users_identities` FOREIGN KEY (`user_id`) REFERENCES `auth_users` (`id`) ON DELETE CASCADE
);
-- create index "auth_identities_issuer_subject" to table: "auth_identities"
CREATE UNIQUE INDEX `auth_identities_issuer_subject` ON `auth_identities` (`issuer`, `subject`);
-- create index "auth_identities_user_id" to table: "auth_identities"
CREATE INDEX `auth_identities_user_id` ON `auth_identities` (`user_id`);
-- create "auth_sessions" table
CREATE TABLE `auth_sessions` (
  `id` text NOT NULL,
  `lookup` blob NOT NULL,
  `secret_hash` blob NOT NULL,
  `provider` text NOT NULL,
  `issuer` text NOT NULL,
  `subject` text NOT NULL,
  `auth_method` text NOT NULL,
  `transport` text NOT NULL,
  `claims` text NULL,
  `created_ms` integer NOT NULL,
  `authenticated_ms` integer NULL,
  `last_seen_ms` integer NOT NULL,
  `idle_expires_ms` integer NULL,
  `expires_ms` integer NOT NULL,
  `revoked_ms` integer NULL,
  `revoke_reason` text NOT NULL DEFAULT (''),
  `user_agent` text NOT NULL,
  `address` text NOT NULL,
  `identity_id` uuid NOT NULL,
  `user_id` uuid NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `auth_sessions_auth_identities_sessions` FOREIGN KEY (`identity_id`) REFERENCES `auth_identities` (`id`) ON DELETE CASCADE,
  CONSTRAINT `auth_sessions_auth_users_sessions` FOREIGN KEY (`user_id`) REFERENCES `auth_users` (`id`) ON DELETE CASCADE
);
-- create index "auth_sessions_lookup_key" to table: "auth_sessions"
CREATE UNIQUE INDEX `auth_sessions_lookup_key` ON `auth_sessions` (`lookup`);
-- create index "auth_sessions_user_id_revoked_ms_created_ms" to table: "auth_sessions"
CREATE INDEX `auth_sessions_user_id_revoked_ms_created_ms` ON `auth_sessions` (`user_id`, `revoked_ms`, `created_ms`);
-- create index "auth_sessions_identity_id" to table: "auth_sessions"
CREATE INDEX `auth_sessions_identity_id` ON `auth_sessions` (`identity_id`);
-- create index "auth_sessions_expires_ms" to table: "auth_sessions"
CREATE INDEX `auth_sessions_expires_ms` ON `auth_sessions` (`expires_ms`);
-- create index "auth_sessions_idle_expires_ms" to table: "auth_sessions"
CREATE INDEX `auth_sessions_idle_expires_ms` ON `auth_sessions` (`idle_expires_ms`);
-- create index "auth_sessions_revoked_ms" to table: "auth_sessions"
CREATE INDEX `auth_sessions_revoked_ms` ON `auth_sessions` (`revoked_ms`);
-- create "auth_users" table
CREATE TABLE `auth_users` (
  `id` uuid NOT NULL,
  `created_ms` integer NOT NULL,
  `disabled_ms` integer NULL,
  `not_before_ms` integer NULL,
  PRIMARY KEY (`id`)
);
