// Package graph is the client that ent generates from the application's schema.
package graph

//go:generate go tool ent generate --target . ../../schema
