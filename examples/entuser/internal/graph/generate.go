// Package graph is the client that ent generates from the application's schema.
package graph

//go:generate go run entgo.io/ent/cmd/ent@v0.14.5 generate --target . ../../schema
