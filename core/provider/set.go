package provider

import (
	"context"

	"github.com/cotterpin/cotterpin/core/identity"
)

// Named is an opened provider with the name of its block.
type Named struct {
	Name     string
	Provider Provider
}

// Set is the configured providers, in the order of the file.
type Set struct {
	providers []Named
}

// NewSet returns a set of opened providers.
func NewSet(providers []Named) *Set { panic("to be written") }

// Named returns the provider of that block.
func (s *Set) Named(name string) (Named, bool) { panic("to be written") }

// All returns the providers in the order of the file.
func (s *Set) All() []Named { return s.providers }

// Login verifies a credential at login. With an empty name the provider is
// found by the token's issuer and audience.
//
// Errors by code, beside those of [Provider]: InvalidRequest for a name that no
// block has; InvalidToken if no provider is addressed by the token, or the
// token in the provider's deciding slot is missing.
func (s *Set) Login(ctx context.Context, name string, c Credential) (identity.Identity, Slot, error) {
	panic("to be written")
}

// Authenticate verifies a token that recognises the caller of a request. The
// provider is found by the token's issuer and audience.
func (s *Set) Authenticate(ctx context.Context, raw string) (identity.Identity, error) {
	panic("to be written")
}
