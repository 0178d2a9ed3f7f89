// Package mixintest is an application with an ent graph of its own on the kit's
// tables. Its tests show that both work on them.
package mixintest

//go:generate go tool ent generate --target ./appgen ./schema
