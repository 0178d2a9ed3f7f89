package verify

import (
	"slices"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
)

// Enabled reports whether the block is not disabled.
func (p *Provider) Enabled() bool { return p.state != config.StateDisabled }

// Offered reports whether new users can sign in at the block.
func (p *Provider) Offered() bool { return p.state == config.StateActive }

// checkEnabled rejects everything of a disabled block.
func (p *Provider) checkEnabled() error {
	if !p.Enabled() {
		return autherr.New(autherr.InvalidToken, "provider_disabled")
	}
	return nil
}

// Block returns the block that an identity belongs to: the one with the name of
// its provider that accepts its issuer, else the first that accepts the issuer.
// False: there is none. It allocates nothing.
func (s *Set) Block(name, issuer string) (account.Block, bool) {
	var found *Provider
	for _, p := range s.providers {
		if !slices.Contains(p.issuers, issuer) {
			continue
		}
		if found == nil || p.Name == name {
			found = p
		}
		if p.Name == name {
			break
		}
	}
	if found == nil {
		return account.Block{}, false
	}
	return found.block(), true
}

// CheckSession rejects a session that began at that block with an identity of that
// issuer, if the block that the identity belongs to is disabled.
//
// Errors by code: InvalidToken.
func (s *Set) CheckSession(name, issuer string) error {
	if s.allEnabled {
		return nil
	}
	if block, ok := s.Block(name, issuer); ok && block.State == config.StateDisabled {
		return autherr.New(autherr.InvalidToken, "provider_disabled")
	}
	return nil
}
