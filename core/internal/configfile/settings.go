package configfile

import (
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
)

// File is a whole configuration, from a file or written in Go.
type File struct {
	Auth      config.Auth
	Providers []provider.Instance // in the order of the file; at least one
	Users     config.Users

	// Own and ProviderToken are the two session strategies; at least one is set.
	Own           *config.OwnSession
	ProviderToken *config.ProviderTokenSession

	// DefaultSession is the strategy of the first session block; "" is own.
	DefaultSession string

	// Database is nil only where nothing is stored: session "provider_token"
	// with user "none".
	Database *database.Instance

	// Directory is the base of relative paths in the file; "" is the working
	// directory.
	Directory string

	// Source is the file; nil for settings written in Go.
	Source *Source
}

// WithDefaults returns f with its zero fields set to the defaults of the file.
// Nothing that f points to is changed.
func (f File) WithDefaults() File {
	f.Auth = f.Auth.WithDefaults()
	f.Users = f.Users.WithDefaults()
	if f.Own != nil {
		f.Own = new(f.Own.WithDefaults())
	}
	if f.ProviderToken != nil {
		f.ProviderToken = new(f.ProviderToken.WithDefaults())
	}
	f.separateCookies()
	f.Providers = slices.Clone(f.Providers)
	for i, instance := range f.Providers {
		f.Providers[i] = instance.WithDefaults()
	}
	if f.Database != nil {
		f.Database = new(f.Database.WithDefaults())
	}
	return f
}

// separateCookies gives the cookie of provider tokens another default name than
// that of own sessions.
func (f File) separateCookies() {
	if f.Own == nil || f.ProviderToken == nil || f.ProviderToken.Cookie.Name != "" {
		return
	}
	cookie := *f.ProviderToken.Cookie
	cookie.Name = config.ProviderCookieName(f.usesHTTPS())
	f.ProviderToken.Cookie = &cookie
}

// usesHTTPS reports whether cookies have their names over https: also while
// base_url is invalid.
func (f File) usesHTTPS() bool { return !strings.HasPrefix(f.Auth.BaseURL, "http://") }

// Warnings returns what deserves attention in valid settings without being an
// error, such as a literal secret in the file.
func (f File) Warnings() config.Diagnostics {
	if f.Source != nil {
		return f.Source.warnings
	}
	var found config.Diagnostics
	for _, p := range f.WithDefaults().problems(func(Path) bool { return false }) {
		if p.warning {
			found = append(found, p.diagnostic(nil))
		}
	}
	return found
}

// Explain returns err, which occurred when the block at the path was opened or
// checked, as a [config.Diagnostics] at the line of the block. The summary
// specifies what failed; errors.Is and errors.As find err.
func (f File) Explain(at Path, summary string, err error) config.Diagnostics {
	return config.Diagnostics{f.Source.at(at, config.Diagnostic{
		Severity: config.SeverityError,
		Summary:  summary,
		Detail:   err.Error(),
		Cause:    err,
	})}
}
