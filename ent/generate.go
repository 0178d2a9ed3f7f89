// Package ent is the root of what cotterpin stores in SQL databases with ent:
// the schema, the store, the migrations, and one package a database.
package ent

//go:generate go run entgo.io/ent/cmd/ent@v0.14.5 generate --target ./internal/entgen --feature sql/modifier ./schema
