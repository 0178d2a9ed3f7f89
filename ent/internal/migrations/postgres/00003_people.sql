-- +goose Up
-- oldest program: 1
-- add column to table: "auth_users"
ALTER TABLE "auth_users" ADD COLUMN "external_id" character varying COLLATE "C" NULL;
-- create index "auth_users_external_id_key" to table: "auth_users"
CREATE UNIQUE INDEX "auth_users_external_id_key" ON "auth_users" ("external_id");
-- add column to table: "auth_identities"
ALTER TABLE "auth_identities" ADD COLUMN "email_folded" character varying COLLATE "C" NULL;
UPDATE "auth_identities" SET "email_folded" = LOWER("email" COLLATE "C");
-- create indexes to table: "auth_identities"
CREATE INDEX "auth_identities_email_folded" ON "auth_identities" ("email_folded");
CREATE INDEX "auth_identities_phone" ON "auth_identities" ("phone");
CREATE INDEX "auth_identities_provider" ON "auth_identities" ("provider");
-- add column to table: "auth_sessions"
ALTER TABLE "auth_sessions" ADD COLUMN "provider_session" character varying COLLATE "C" NULL;
-- create index "auth_sessions_provider_session" to table: "auth_sessions"
CREATE INDEX "auth_sessions_provider_session" ON "auth_sessions" ("provider_session");
-- create "auth_marks" table
CREATE TABLE "auth_marks" (
  "id" character varying COLLATE "C" NOT NULL,
  "recorded" boolean NOT NULL DEFAULT false,
  "expires_ms" bigint NOT NULL,
  PRIMARY KEY ("id")
);
-- create index "auth_marks_expires_ms" to table: "auth_marks"
CREATE INDEX "auth_marks_expires_ms" ON "auth_marks" ("expires_ms");

-- Notifies of a changed external id too, which cached sessions contain.
CREATE OR REPLACE TRIGGER "auth_user_updated" AFTER UPDATE OF "disabled_ms", "not_before_ms", "external_id" ON "auth_users" FOR EACH ROW
  WHEN (OLD.disabled_ms IS DISTINCT FROM NEW.disabled_ms OR OLD.not_before_ms IS DISTINCT FROM NEW.not_before_ms
    OR OLD.external_id IS DISTINCT FROM NEW.external_id)
  EXECUTE FUNCTION "auth_user_changed"();
