// Package database is the seam between cotterpin and what it stores in: a type
// of database, what stands behind `database "sqlite" { … }`, is made with
// [Define] and opens a [Database].
package database

import (
	"context"
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

	// Ready returns nil if the database answers and its tables are at the
	// version that this program needs.
	Ready(ctx context.Context) error

	// Close ends all connections that the database has opened itself.
	Close() error
}

// Env is what a database gets beside its arguments.
type Env struct {
	Development bool   // auth.mode is "development"
	Directory   string // what relative paths are relative to: the folder of the file, or "" for the working directory
	Now         func() time.Time
	Log         *slog.Logger
}

// Migrate says what is done about the tables when a database is opened. Empty
// means [MigrateApply] in development and [MigrateCheck] in production.
type Migrate string

// The ways.
const (
	MigrateCheck Migrate = "check" // refuse to open unless the tables are at the needed version
	MigrateApply Migrate = "apply" // bring the tables to the needed version
	MigrateOff   Migrate = "off"   // look only whether the needed columns are there: the application migrates
)

// Definition describes a type of database; see [config.Definition].
type Definition[C any] = config.Definition[C, Env, Database]

// Type is a type of database, made by [Define].
type Type = config.BlockType[Env, Database]

// Define makes a type of database. It panics if the definition has no Type or
// no Open.
func Define[C any](d Definition[C]) Type { return config.Define("database", d) }

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

// Existing returns the instance of a database that the program has opened
// itself and closes itself.
func Existing(db Database) *Instance {
	existing := Define(Definition[struct{}]{
		Type:    "existing",
		Summary: "a database that the program has opened itself",
		Open: func(context.Context, struct{}, Env) (Database, error) {
			return unclosed{db}, nil
		},
	})
	return &Instance{Type: existing, Settings: existing.NewSettings()}
}

// unclosed is a database that somebody else closes.
type unclosed struct{ Database }

func (unclosed) Close() error { return nil }
