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

-- Notifies processes that cache sessions of each committed change that ends one.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION "auth_session_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.pg_notify('cotterpin_changes', OLD.user_id::text);
  RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION "auth_user_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_catalog.pg_notify('cotterpin_changes', OLD.id::text);
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE OR REPLACE TRIGGER "auth_session_updated" AFTER UPDATE OF "revoked_ms", "lookup" ON "auth_sessions" FOR EACH ROW
  WHEN (OLD.revoked_ms IS DISTINCT FROM NEW.revoked_ms OR OLD.lookup IS DISTINCT FROM NEW.lookup)
  EXECUTE FUNCTION "auth_session_changed"();
CREATE OR REPLACE TRIGGER "auth_session_deleted" AFTER DELETE ON "auth_sessions" FOR EACH ROW
  WHEN (OLD.revoked_ms IS NULL) EXECUTE FUNCTION "auth_session_changed"();
CREATE OR REPLACE TRIGGER "auth_user_updated" AFTER UPDATE OF "disabled_ms", "not_before_ms" ON "auth_users" FOR EACH ROW
  WHEN (OLD.disabled_ms IS DISTINCT FROM NEW.disabled_ms OR OLD.not_before_ms IS DISTINCT FROM NEW.not_before_ms)
  EXECUTE FUNCTION "auth_user_changed"();
