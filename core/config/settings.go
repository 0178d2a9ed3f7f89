package config

import (
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/settings"
)

// Settings is a whole configuration: what a file says, or the same said in Go.
type Settings struct {
	Auth      settings.Auth
	Providers []provider.Instance // in the order of the file; at least one
	Users     settings.Users

	// Own and ProviderToken are the two session strategies; exactly one is set.
	Own           *settings.OwnSession
	ProviderToken *settings.ProviderTokenSession

	// Database is nil only where nothing is stored: session "provider_token"
	// with user "none".
	Database *database.Instance

	// Directory is what relative paths in the file are relative to; "" means
	// the working directory.
	Directory string

	// source is the file; nil for settings that were made in Go.
	source *source
}

// Warnings returns what was noticed about the file without being wrong, such
// as a secret that stands in it. None for settings made in Go.
func (s Settings) Warnings() Diagnostics {
	if s.source == nil {
		return nil
	}
	return s.source.warnings
}

// Explain turns an error that came up later, when the block at path was opened
// or checked, into a [Diagnostics] at the block's line. The summary says what
// could not be done; errors.Is and errors.As still find err.
func (s Settings) Explain(at Path, summary string, err error) Diagnostics {
	return Diagnostics{s.source.at(at, Diagnostic{
		Severity: SeverityError,
		Summary:  summary,
		Detail:   err.Error(),
		cause:    err,
	})}
}
