-- +goose Up
-- oldest program: 1
-- add columns to table: "auth_sessions"
ALTER TABLE "auth_sessions" ADD COLUMN "refresh_generation" bigint NOT NULL DEFAULT 0, ADD COLUMN "previous_hash" bytea NULL, ADD COLUMN "refreshed_ms" bigint NULL;
-- create "auth_keys" table
CREATE TABLE "auth_keys" (
  "id" character varying COLLATE "C" NOT NULL,
  "purpose" character varying COLLATE "C" NOT NULL,
  "serial" bigint NOT NULL,
  "secret" bytea NOT NULL,
  "public" bytea NULL,
  "created_ms" bigint NOT NULL,
  "active_ms" bigint NOT NULL,
  "revoked_ms" bigint NULL,
  PRIMARY KEY ("id")
);
-- create index "auth_keys_purpose_serial" to table: "auth_keys"
CREATE UNIQUE INDEX "auth_keys_purpose_serial" ON "auth_keys" ("purpose", "serial");
