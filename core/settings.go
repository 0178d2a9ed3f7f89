package core

import (
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
	"github.com/cotterpin/cotterpin/core/provider"
)

// The blocks of the file. Zero fields have the defaults of the file, which
// core/config/REFERENCE.md lists.
type (
	// Auth is the block `auth`: see [config.Auth].
	Auth = config.Auth
	// OwnSession is the block `session "own"`: see [config.OwnSession].
	OwnSession = config.OwnSession
	// ProviderTokenSession is the block `session "provider_token"`: see
	// [config.ProviderTokenSession].
	ProviderTokenSession = config.ProviderTokenSession
)

// Settings is a whole configuration: the contents of a file, or the same written
// in Go. Fields that are zero have the defaults of the file.
type Settings struct {
	Auth      Auth
	Providers []provider.Instance // in the order of the file; at least one, such as cotter.Provider
	Users     config.Users

	// Own and ProviderToken are the two session strategies; at least one is set.
	Own           *OwnSession
	ProviderToken *ProviderTokenSession

	// DefaultSession is the strategy of a login that names none: in a file that of
	// the first session block. "" is config.StrategyOwn if both are set.
	DefaultSession string

	// Database is a block such as sqlite.Database. It is nil only if nothing is
	// stored: session "provider_token" with user "none".
	Database *database.Instance

	// Directory is the base of relative paths in the settings; "" is the working
	// directory.
	Directory string

	source *configfile.Source // nil for settings written in Go
}

// Validate returns every problem of the settings as one [config.Diagnostics],
// or nil. It uses neither the network nor the file system. Settings from [Load]
// are valid.
func (s Settings) Validate() error { return s.file().Validate() }

// Warnings returns what deserves attention in valid settings without being an
// error, such as a literal secret in the file.
func (s Settings) Warnings() config.Diagnostics { return s.file().Warnings() }

func (s Settings) file() configfile.File {
	return configfile.File{
		Auth:           s.Auth,
		Providers:      s.Providers,
		Users:          s.Users,
		Own:            s.Own,
		ProviderToken:  s.ProviderToken,
		DefaultSession: s.DefaultSession,
		Database:       s.Database,
		Directory:      s.Directory,
		Source:         s.source,
	}
}

// withDefaults returns s with its zero fields set to the defaults of the file.
func (s Settings) withDefaults() Settings { return settingsOf(s.file().WithDefaults()) }

func settingsOf(f configfile.File) Settings {
	return Settings{
		Auth:           f.Auth,
		Providers:      f.Providers,
		Users:          f.Users,
		Own:            f.Own,
		ProviderToken:  f.ProviderToken,
		DefaultSession: f.DefaultSession,
		Database:       f.Database,
		Directory:      f.Directory,
		source:         f.Source,
	}
}
