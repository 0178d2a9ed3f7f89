package config

import (
	"context"

	"github.com/cotterpin/cotterpin/core/internal/defaults"
)

// Definition describes a type of block that extends the file: the first label of
// `provider "cotter" { … }` or `database "sqlite" { … }`, its arguments, and how
// it is opened. Authors use provider.Define or database.Define, which fix the
// block and what is opened.
//
// C is the struct of arguments, E the environment in which it is opened, T what
// is opened. The fields of C have `hcl` tags as gohcl reads them
// ("name,optional", "name", "name,block") and `doc` tags with one line about the
// argument. A field is a string, bool, int, []string, map[string]string,
// [Duration], [Secret], a pointer to one of them, or, for a nested block, a
// pointer to a struct of them.
type Definition[C, E, T any] struct {
	Type    string // the block's first label: [a-z][a-z0-9_-]*
	Summary string // one line

	// Default contains the arguments' defaults. They also replace the zero fields
	// of settings written in Go, so a bool is false by default, and an int whose
	// zero differs from its default is a *int.
	Default C

	// Validate returns all problems of the arguments. It uses neither the
	// network nor the file system. nil: there is nothing to check.
	Validate func(C, E) []Problem

	// Open opens what the block describes.
	Open func(context.Context, C, E) (T, error)
}

// Problem is an invalid argument.
type Problem struct {
	Argument string // the argument's name; "a.b" for an argument of a nested block; "" for the whole block
	Message  string // what is wrong, and what to do about it. Never the value of a secret.
	Warning  bool   // it deserves attention, and the argument is valid
}

// BlockType is a type of block, made by [Define].
type BlockType[E, T any] struct {
	kind        string
	name        string
	summary     string
	newSettings func() any
	fill        func(any) any
	validate    func(any, E) []Problem
	open        func(context.Context, any, E) (T, error)
}

// Define makes a type of the block kind ("provider", "database"). It panics if
// the definition has no Type or no Open: that is an error in the program, not in
// its input.
func Define[C, E, T any](kind string, d Definition[C, E, T]) BlockType[E, T] {
	if d.Type == "" || d.Open == nil {
		panic(kind + ": a definition needs Type and Open")
	}
	return BlockType[E, T]{
		kind:    kind,
		name:    d.Type,
		summary: d.Summary,
		newSettings: func() any {
			c := d.Default
			return &c
		},
		fill: func(settings any) any {
			given, ok := settings.(*C)
			if !ok || given == nil {
				return settings
			}
			filled := defaults.Fill(*given, d.Default)
			return &filled
		},
		validate: func(settings any, env E) []Problem {
			if d.Validate == nil {
				return nil
			}
			return d.Validate(*arguments[C](settings), env)
		},
		open: func(ctx context.Context, settings any, env E) (T, error) {
			return d.Open(ctx, *arguments[C](settings), env)
		},
	}
}

// arguments returns what newSettings made. Anything else is an error in the
// program, and panics.
func arguments[C any](settings any) *C {
	return settings.(*C) //nolint:forcetypeassert // see above
}

// Kind returns the block, such as "provider".
func (t BlockType[E, T]) Kind() string { return t.kind }

// Name returns the block's first label, such as "cotter".
func (t BlockType[E, T]) Name() string { return t.name }

// Summary returns one line about the type.
func (t BlockType[E, T]) Summary() string { return t.summary }

// NewSettings returns a pointer to a struct of the type's arguments that has the
// defaults.
func (t BlockType[E, T]) NewSettings() any { return t.newSettings() }

// WithDefaults returns a copy of settings whose zero fields have their defaults.
// Settings of another type than NewSettings returns are returned as they are.
func (t BlockType[E, T]) WithDefaults(settings any) any {
	if t.fill == nil {
		return settings
	}
	return t.fill(settings)
}

// Validate returns the problems of settings, which are of the type that
// NewSettings returns. It sets no defaults.
func (t BlockType[E, T]) Validate(settings any, env E) []Problem { return t.validate(settings, env) }

// Open opens what settings describe, which are of the type that NewSettings
// returns. It sets no defaults.
func (t BlockType[E, T]) Open(ctx context.Context, settings any, env E) (T, error) {
	return t.open(ctx, settings, env)
}
