// Package ent contains the storage in SQL databases: the schema, the store, the
// migrations, and one package per database.
package ent

//go:generate go run entgo.io/ent/cmd/ent@v0.14.5 generate --target ./internal/entgen --feature sql/modifier ./schema
