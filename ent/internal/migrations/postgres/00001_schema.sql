-- +goose Up
-- oldest program: 1
-- create "auth_users" table
CREATE TABLE "auth_users" (
  "id" uuid NOT NULL,
  "created_ms" bigint NOT NULL,
  "disabled_ms" bigint NULL,
  "not_before_ms" bigint NULL,
  PRIMARY KEY ("id")
);
-- create "auth_identities" table
CREATE TABLE "auth_identities" (
  "id" uuid NOT NULL,
  "issuer" character varying COLLATE "C" NOT NULL,
  "subject" character varying COLLATE "C" NOT NULL,
  "provider" character varying COLLATE "C" NOT NULL,
  "identifier" text NOT NULL,
  "email" character varying NOT NULL,
  "email_verified" boolean NOT NULL,
  "phone" character varying NOT NULL,
  "phone_verified" boolean NOT NULL,
  "created_ms" bigint NOT NULL,
  "last_login_ms" bigint NOT NULL,
  "user_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "auth_identities_auth_users_identities" FOREIGN KEY ("user_id") REFERENCES "auth_users" ("id") ON DELETE CASCADE
);
-- create index "auth_identities_issuer_subject" to table: "auth_identities"
CREATE UNIQUE INDEX "auth_identities_issuer_subject" ON "auth_identities" ("issuer", "subject");
-- create index "auth_identities_user_id" to table: "auth_identities"
CREATE INDEX "auth_identities_user_id" ON "auth_identities" ("user_id");
-- create "auth_sessions" table
CREATE TABLE "auth_sessions" (
  "id" character varying COLLATE "C" NOT NULL,
  "lookup" bytea NOT NULL,
  "secret_hash" bytea NOT NULL,
  "provider" character varying COLLATE "C" NOT NULL,
  "issuer" character varying COLLATE "C" NOT NULL,
  "subject" character varying COLLATE "C" NOT NULL,
  "auth_method" character varying NOT NULL,
  "transport" character varying NOT NULL,
  "claims" text NULL,
  "created_ms" bigint NOT NULL,
  "authenticated_ms" bigint NULL,
  "last_seen_ms" bigint NOT NULL,
  "idle_expires_ms" bigint NULL,
  "expires_ms" bigint NOT NULL,
  "revoked_ms" bigint NULL,
  "revoke_reason" character varying NOT NULL DEFAULT '',
  "user_agent" character varying NOT NULL,
  "address" character varying NOT NULL,
  "identity_id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "auth_sessions_auth_identities_sessions" FOREIGN KEY ("identity_id") REFERENCES "auth_identities" ("id") ON DELETE CASCADE,
  CONSTRAINT "auth_sessions_auth_users_sessions" FOREIGN KEY ("user_id") REFERENCES "auth_users" ("id") ON DELETE CASCADE
);
-- create index "auth_sessions_lookup_key" to table: "auth_sessions"
CREATE UNIQUE INDEX "auth_sessions_lookup_key" ON "auth_sessions" ("lookup");
-- create index "auth_sessions_user_id_revoked_ms_created_ms" to table: "auth_sessions"
CREATE INDEX "auth_sessions_user_id_revoked_ms_created_ms" ON "auth_sessions" ("user_id", "revoked_ms", "created_ms");
-- create index "auth_sessions_identity_id" to table: "auth_sessions"
CREATE INDEX "auth_sessions_identity_id" ON "auth_sessions" ("identity_id");
-- create index "auth_sessions_expires_ms" to table: "auth_sessions"
CREATE INDEX "auth_sessions_expires_ms" ON "auth_sessions" ("expires_ms");
-- create index "auth_sessions_idle_expires_ms" to table: "auth_sessions"
CREATE INDEX "auth_sessions_idle_expires_ms" ON "auth_sessions" ("idle_expires_ms");
-- create index "auth_sessions_revoked_ms" to table: "auth_sessions"
CREATE INDEX "auth_sessions_revoked_ms" ON "auth_sessions" ("revoked_ms");
