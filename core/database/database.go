// Package database is the seam between cotterpin and its storage. A database
// type, the label of a block `database "sqlite" { … }`, is made with [Define]
// and opens a [Database].
package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/session"
)

// Database is an opened database whose tables are in order.
type Database interface {
	Accounts() account.Store
	Sessions() session.Store
	Keys() session.KeyStore

	// SignIn records the login of a registered user and begins its session, both
	// in one transaction; see [SignIn].
	SignIn(ctx context.Context, s SignIn) error

	// Ready returns nil if the database responds and this program can use its
	// tables: they are at the needed version, or at a newer one that allows it.
	Ready(ctx context.Context) error

	// Close closes all connections that the database has opened itself.
	Close() error
}

// Env is what a database gets besides its arguments.
type Env struct {
	Development bool   // auth.mode is "development"
	Directory   string // the base of relative paths: the directory of the file, or "" for the working directory
	Now         func() time.Time
	Log         *slog.Logger
}

// Migrate specifies what happens to the tables when a database is opened. Empty
// means [MigrateApply] in development and [MigrateCheck] in production.
type Migrate string

// The values of the argument migrate.
const (
	MigrateCheck Migrate = "check" // fail unless this program can use the tables
	MigrateApply Migrate = "apply" // migrate the tables to the needed version, unless they are newer
	MigrateOff   Migrate = "off"   // check the columns only: the application migrates
)

// Definition describes a type of database; its fields are those of
// [config.Definition], and Plan.
type Definition[C any] struct {
	Type     string
	Summary  string
	Default  C
	Validate func(C, Env) []config.Problem
	Open     func(context.Context, C, Env) (Database, error)

	// Plan opens the database for the commands plan and apply. nil: they reject this
	// type.
	Plan func(context.Context, C, Env) (Planner, error)
}

// Type is a type of database, made by [Define].
type Type struct {
	config.BlockType[Env, Database]

	plan func(context.Context, any, Env) (Planner, error)
}

// Define makes a type of database. It panics if the definition has no Type or
// no Open.
func Define[C any](d Definition[C]) Type {
	t := Type{BlockType: config.Define("database", config.Definition[C, Env, Database]{
		Type: d.Type, Summary: d.Summary, Default: d.Default, Validate: d.Validate, Open: d.Open,
	})}
	if d.Plan != nil {
		t.plan = func(ctx context.Context, settings any, env Env) (Planner, error) {
			return d.Plan(ctx, *settings.(*C), env) //nolint:forcetypeassert // NewSettings made it
		}
	}
	return t
}

// Plan opens the database that settings describe for [Planner] alone; see
// [Type.Open]. The error is errors.ErrUnsupported if the type has no Plan.
func (t Type) Plan(ctx context.Context, settings any, env Env) (Planner, error) {
	if t.plan == nil {
		return nil, fmt.Errorf("database %q has no plan: %w", t.Name(), errors.ErrUnsupported)
	}
	return t.plan(ctx, settings, env)
}

// Instance is the database block, of the file or written in Go. Fields of
// Settings that are zero have the defaults of the file.
type Instance struct {
	Type     Type
	Settings any // a pointer to the type's arguments, of the type that Type.NewSettings returns
}

// WithDefaults returns i with the zero fields of Settings set to their defaults.
func (i Instance) WithDefaults() Instance {
	i.Settings = i.Type.WithDefaults(i.Settings)
	return i
}

// Existing returns the instance of a database that the program opens and closes
// itself.
func Existing(db Database) *Instance {
	existing := Define(Definition[struct{}]{
		Type:    "existing",
		Summary: "a database that the program has opened itself",
		Open: func(context.Context, struct{}, Env) (Database, error) {
			if l, ok := db.(Listener); ok {
				return struct {
					unclosed
					Listener
				}{unclosed{db}, l}, nil
			}
			return unclosed{db}, nil
		},
	})
	return &Instance{Type: existing, Settings: existing.NewSettings()}
}

// unclosed is a database that the program closes.
type unclosed struct{ Database }

func (unclosed) Close() error { return nil }
