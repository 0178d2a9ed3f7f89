// Package core is cotterpin: sign-in at a third party for the users of a Go
// back end. [Open] reads a configuration file and returns a [Kit], which an
// adapter mounts in net/http, gin or fiber:
//
//	kit, err := core.Open(ctx, "auth.hcl", core.WithTypes(cotter.Type, sqlite.Type))
//	defer kit.Close()
//	mux.Handle("GET /api/me", cotterhttp.Require(kit, core.Guard{})(me)) // or cottergin, cotterfiber
//	http.ListenAndServe(address, cotterhttp.Mount(kit)(mux))
//
// Behind a guard, [PrincipalFromContext] returns the caller and [UserFromContext]
// the stored user. core/HTTP.md describes the routes, and
// core/config/REFERENCE.md the arguments of the file.
//
// The kit verifies the tokens that a front end posts, registers or logs in the
// user, and recognizes the callers of later requests. [Settings] is the same
// configuration written in Go. The packages below core are the types of the
// file, the seams for providers and databases, and what they share.
//
// # Security
//
// Everything that a front end sends is treated as forged until a signature
// proves otherwise; .github/SECURITY.md lists the promises.
package core

import (
	"cmp"
	"context"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
	"github.com/cotterpin/cotterpin/core/internal/verify"
)

// Open reads the configuration file and opens what it specifies. The error is a
// [config.Diagnostics] with all problems of the file, each with its line and what
// to do.
//
// A provider that cannot be reached is not an error: the kit starts, /ready
// returns "degraded", logins fail with 503, and it recovers by itself. A database
// that cannot be opened is one.
func Open(ctx context.Context, file string, list ...Option) (*Kit, error) {
	s, err := load(file, list)
	if err != nil {
		return nil, err
	}
	return New(ctx, s, list...)
}

// Load reads the configuration file and reports all problems that Open would
// report without the network and the database, such as two providers with the
// same issuer and audience.
func Load(ctx context.Context, file string, list ...Option) (Settings, error) {
	s, err := load(file, list)
	return checked(ctx, s, err, list)
}

// Parse is [Load] for a configuration that is not a file, such as an embedded
// one. The file name appears in diagnostics; its directory is the base of relative
// paths in src, and if it ends with ".json" src is HCL's JSON form.
func Parse(ctx context.Context, filename string, src []byte, list ...Option) (Settings, error) {
	f, err := configfile.Loader{Types: newOptions(list).types}.Parse(filename, src)
	return checked(ctx, settingsOf(f), err, list)
}

func load(file string, list []Option) (Settings, error) {
	f, err := configfile.Loader{Types: newOptions(list).types}.Load(file)
	return settingsOf(f), err
}

// checked returns s if err is nil and its providers can be opened.
func checked(ctx context.Context, s Settings, err error, list []Option) (Settings, error) {
	if err == nil {
		_, err = openProviders(ctx, s, newOptions(list))
	}
	if err != nil {
		return Settings{}, err
	}
	return s, nil
}

// New opens a configuration that was loaded or written in Go. Fields that are
// zero have the defaults of the file. Errors are those of [Open].
func New(ctx context.Context, s Settings, list ...Option) (*Kit, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s = s.withDefaults()
	o := newOptions(list)
	if s.Database == nil && o.onLogin != nil {
		return nil, config.Diagnostics{{
			Severity: config.SeverityError,
			Summary:  "No login is stored",
			Detail:   "The hook of WithOnLogin would never run: add a database block, or remove the hook.",
		}}
	}
	for _, warning := range s.Warnings() {
		o.log.Warn("configuration", "event", "configuration_warning", "warning", warning.Summary, "detail", warning.Detail)
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
	db, err := s.Database.Type.Open(ctx, s.Database.Settings, s.databaseEnv(o))
	if err != nil {
		return nil, s.file().Explain(s.databasePath(), "Database cannot be opened", err)
	}
	return db, nil
}
