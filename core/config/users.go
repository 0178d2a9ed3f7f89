package config

import "github.com/cotterpin/cotterpin/core/internal/defaults"

// The values of the argument state of a provider block.
const (
	StateActive   = "active"
	StateDraining = "draining"
	StateDisabled = "disabled"
)

// Users is the block `users`.
type Users struct {
	// Create specifies whether the first login of an unknown identity creates a
	// user; if not, it fails with registration_closed. Default true.
	Create *bool `hcl:"create,optional" doc:"whether the first login of an unknown identity creates a user"`

	// LinkOn lists contacts, "email" and "phone", by which the first login of
	// an unknown identity finds an existing user: the identity is added to the user who
	// has the same verified contact from another provider. Both providers must be
	// trusted for that contact. Package account documents the rules. Default: none.
	LinkOn []string `hcl:"link_on,optional" doc:"contacts by which the first login of an identity finds an existing user: email, phone; default: none"`
}

// WithDefaults returns u with its zero fields set to their defaults.
func (u Users) WithDefaults() Users {
	return defaults.Fill(u, Users{Create: new(true)})
}
