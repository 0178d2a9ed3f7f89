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
}
