package configfile

import (
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
)

// File is a whole configuration: what a file says, or the same said in Go.
type File struct {
	Auth      config.Auth
	Providers []provider.Instance // in the order of the file; at least one
	Users     config.Users

	// Own and ProviderToken are the two session strategies; exactly one is set.
	Own           *config.OwnSession
	ProviderToken *config.ProviderTokenSession

	// Database is nil only where nothing is stored: session "provider_token"
	// with user "none".
	Database *database.Instance

	// Directory is what relative paths in the file are relative to; "" means
	// the working directory.
	Directory string

	// Source is the file; nil for settings that were made in Go.
	Source *Source
}

// Warnings returns what was noticed about the file without being wrong, such
// as a secret that stands in it. None for settings made in Go.
func (s File) Warnings() config.Diagnostics {
	if s.Source == nil {
		return nil
	}
	return s.Source.warnings
}

// Explain turns an error that came up later, when the block at path was opened
// or checked, into a [config.Diagnostics] at the block's line. The summary says what
// could not be done; errors.Is and errors.As still find err.
func (s File) Explain(at Path, summary string, err error) config.Diagnostics {
	return config.Diagnostics{s.Source.at(at, config.Diagnostic{
		Severity: config.SeverityError,
		Summary:  summary,
		Detail:   err.Error(),
		Cause:    err,
	})}
}
