// Package ent is the root of what cotterpin stores in SQL databases with ent:
// the schema, the store, the migrations, and one package a database.
package ent

//go:generate go tool ent generate --target ./internal/entgen --feature sql/modifier ./schema
