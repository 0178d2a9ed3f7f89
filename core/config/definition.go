// Package block describes the types of block that others can add to the
// configuration file: the first label of `provider "cotter" { … }` or
// `database "sqlite" { … }`, its arguments, and how the thing is opened.
//
// Authors of a provider or a database use provider.Define or database.Define,
// which fix the kind of block and what is opened.
package config

import (
	"context"

	"github.com/cotterpin/cotterpin/core/internal/defaults"
)

// Definition describes a type of block. C is the author's struct of arguments,
// E what the author gets beside them, T what is opened.
//
// The fields of C bear `hcl` tags as gohcl reads them ("name,optional",
// "name", "name,block") and `doc` tags with one line about the argument; the
// author does not import HCL. A field is a string, bool, int, []string,
// map[string]string, settings.Duration, settings.Secret, or a pointer to a
// struct of these for a nested block.
type Definition[C, E, T any] struct {
	Type    string // the block's first label: [a-z][a-z0-9_-]*
	Summary string // one line

	// Default contains the arguments' defaults. They also replace the zero fields
	// of settings written in Go, so a bool is false by default, and an int whose
	// zero differs from its default is a *int.
	Default C

	// Validate looks at decoded arguments without touching the network or the
	// file system. It returns every mistake at once. nil: nothing to check.
	Validate func(C, E) []Problem

	// Open makes the thing.
	Open func(context.Context, C, E) (T, error)
}

// Problem is a wrong argument.
type Problem struct {
	Argument string // the argument's name; "a.b" for an argument of a nested block; "" for the whole block
	Message  string // what is wrong, and what to do about it. Never the value of a secret.
}

// Type is a defined type of block.
type BlockType[E, T any] struct {
	kind        string
	name        string
	summary     string
	newSettings func() any
	fill        func(any) any
	validate    func(any, E) []Problem
	open        func(context.Context, any, E) (T, error)
}

// Define makes a type of the kind of block ("provider", "database"). It panics
// if the definition has no Type or no Open: that is a mistake in the program,
// not in its input.
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

// arguments returns what newSettings made. Anything else is a mistake in the
// program, and panics.
func arguments[C any](settings any) *C {
	return settings.(*C) //nolint:forcetypeassert // as the comment says
}

// Kind returns the kind of block, such as "provider".
func (t BlockType[E, T]) Kind() string { return t.kind }

// Name returns the block's first label, such as "cotter".
func (t BlockType[E, T]) Name() string { return t.name }

// Summary returns one line about the type.
func (t BlockType[E, T]) Summary() string { return t.summary }

// NewSettings returns a pointer to a struct of the type's arguments that holds
// the defaults.
func (t BlockType[E, T]) NewSettings() any { return t.newSettings() }

// WithDefaults returns a copy of settings whose zero fields have their defaults.
// Settings of another type than NewSettings returns are returned as they are.
func (t BlockType[E, T]) WithDefaults(settings any) any {
	if t.fill == nil {
		return settings
	}
	return t.fill(settings)
}

// Validate returns the problems in settings, which NewSettings returned.
func (t BlockType[E, T]) Validate(settings any, env E) []Problem { return t.validate(settings, env) }

// Open makes the thing from settings, which NewSettings returned.
func (t BlockType[E, T]) Open(ctx context.Context, settings any, env E) (T, error) {
	return t.open(ctx, settings, env)
}
