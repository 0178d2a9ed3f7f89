package config

import "github.com/cotterpin/cotterpin/core/internal/defaults"

// Users is the block `users`.
type Users struct {
	// Create specifies whether the first login of an unknown identity creates a
	// user; if not, it fails with registration_closed. Default true.
	Create *bool `hcl:"create,optional" doc:"whether the first login of an unknown identity creates a user"`
}

// WithDefaults returns u with its zero fields set to their defaults.
func (u Users) WithDefaults() Users {
	return defaults.Fill(u, Users{Create: new(true)})
}
