// Package core is the facade of cotterpin: it opens a configuration and gives a
// [Kit], which adapters mount in net/http, gin and fiber.
//
//	kit, err := core.Open(ctx, "auth.hcl", core.WithTypes(cotter.Type, sqlite.Type))
//
// What the kit is made of lives in the packages below, none of which imports
// this one: provider verifies tokens, account registers and logs in, session
// recognises callers, endpoint answers requests, config reads the file.
//
// # Security
//
// What a front end sends is forged until a signature says otherwise. See the
// promises in the README.
package core

import (
	"cmp"
	"context"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
	"github.com/cotterpin/cotterpin/core/internal/verify"
)

// Open reads the configuration file and opens what it says. The error holds
// every mistake in the file at once, each with its line and a way out.
//
// A provider that cannot be reached is no error: the kit starts, /ready says
// "degraded", logins answer 503, and it recovers by itself. A database that
// cannot be opened is one.
func Open(ctx context.Context, file string, list ...Option) (*Kit, error) {
	s, err := load(file, list)
	if err != nil {
		return nil, err
	}
	return New(ctx, s, list...)
}

// Load reads the configuration file and finds every mistake that Open would
// find without the network and without the database, such as two providers
// whose tokens could be taken for each other's.
func Load(ctx context.Context, file string, list ...Option) (Settings, error) {
	s, err := load(file, list)
	if err != nil {
		return Settings{}, err
	}
	if _, err := openProviders(ctx, s, newOptions(list)); err != nil {
		return Settings{}, err
	}
	return s, nil
}

// Parse returns the settings of a configuration that is not a file, such as an
// embedded one. The file name appears in diagnostics; relative paths in src are
// relative to its directory, and a name that ends with ".json" selects HCL's
// JSON form.
func Parse(filename string, src []byte, list ...Option) (Settings, error) {
	f, err := configfile.Loader{Types: newOptions(list).types}.Parse(filename, src)
	return settingsOf(f), err
}

func load(file string, list []Option) (Settings, error) {
	f, err := configfile.Loader{Types: newOptions(list).types}.Load(file)
	return settingsOf(f), err
}

// New opens a configuration that was loaded or written in Go.
func New(ctx context.Context, s Settings, list ...Option) (*Kit, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s = s.withDefaults()
	o := newOptions(list)
	for _, warning := range s.Warnings() {
		o.log.Warn("configuration", "event", "configuration_warning", "warning", warning.Summary)
	}
	providers, err := openProviders(ctx, s, o)
	if err != nil {
		return nil, err
	}
	db, err := openDatabase(ctx, s, o)
	if err != nil {
		return nil, err
	}
	return assemble(ctx, s, o, providers, db), nil
}

func openProviders(ctx context.Context, s Settings, o options) (*verify.Set, error) {
	var opened []*verify.Provider
	var failed config.Diagnostics
	for _, instance := range s.Providers {
		p, err := verify.Open(ctx, instance, hostOf(s, o))
		if err != nil {
			path := configfile.Path{Block: configfile.BlockProvider, Label: cmp.Or(instance.Name, instance.Type.Name())}
			failed = append(failed, s.file().Explain(path, "Provider cannot be opened", err)...)
			continue
		}
		opened = append(opened, p)
	}
	if len(failed) > 0 {
		return nil, failed
	}
	set := verify.NewSet(opened...)
	if name, err := set.Ambiguous(); err != nil {
		return nil, s.file().Explain(configfile.Path{Block: configfile.BlockProvider, Label: name}, "Ambiguous provider", err)
	}
	return set, nil
}

func hostOf(s Settings, o options) verify.Host {
	return verify.Host{
		Development: s.Auth.Mode == config.ModeDevelopment,
		BaseURL:     s.Auth.BaseURL,
		Path:        s.Auth.Path,
		Directory:   s.Directory,
		Transport:   o.transport,
		Now:         o.now,
		Log:         o.log,
	}
}

// openDatabase returns nil if nothing is stored.
func openDatabase(ctx context.Context, s Settings, o options) (database.Database, error) {
	if s.Database == nil {
		return nil, nil
	}
	db, err := s.Database.Type.Open(ctx, s.Database.Settings, database.Env{
		Development: s.Auth.Mode == config.ModeDevelopment,
		Directory:   s.Directory,
		Now:         o.now,
		Log:         o.log,
	})
	if err != nil {
		path := configfile.Path{Block: configfile.BlockDatabase, Label: s.Database.Type.Name()}
		return nil, s.file().Explain(path, "Database cannot be opened", err)
	}
	return db, nil
}
