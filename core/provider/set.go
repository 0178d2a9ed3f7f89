package provider

import (
	"context"
	"slices"

	"github.com/maypok86/otter/v2"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/token"
)

// Named is an opened provider with the name of its block.
type Named struct {
	Name     string
	Provider Provider
}

// Set is the configured providers, in the order of the file.
//
// A provider is chosen by name; else by the issuer and audience of the token,
// if it has the ability [Issuers]; else because it is the only one. The name
// of its block is put into each identity that it verifies.
type Set struct {
	providers []Named
	routes    []route

	// taken are the routes of tokens that were right, so that a token need not
	// be read each time for its way, which its text alone decides.
	taken *otter.Cache[token.Digest, route]
}

const maxTaken = 10_000

// route leads tokens of one issuer to the provider that they are addressed to.
type route struct {
	Named
	Issuer
}

// refreshing is a provider that exchanges refresh tokens.
type refreshing struct {
	Named
	Refresher
}

// NewSet returns a set of opened providers.
func NewSet(providers []Named) *Set {
	s := &Set{
		providers: slices.Clone(providers),
		taken:     otter.Must(&otter.Options[token.Digest, route]{MaximumSize: maxTaken}),
	}
	for _, p := range providers {
		if addressed, ok := p.Provider.(Issuers); ok {
			for _, issuer := range addressed.Issuers() {
				s.routes = append(s.routes, route{p, issuer})
			}
		}
	}
	return s
}

// All returns the providers in the order of the file.
func (s *Set) All() []Named { return s.providers }

// Login verifies a credential at login. With an empty name the provider is
// found by the token's issuer and audience. The slot is the one whose token
// recognises the caller in session "provider_token".
//
// Errors by code, beside those of [Provider]: InvalidRequest for a name that no
// block has, or if the token in the provider's deciding slot is missing;
// InvalidToken if no provider is addressed by the token.
func (s *Set) Login(ctx context.Context, name string, c Credential) (identity.Identity, Slot, error) {
	chosen, slot, err := s.choose(name, c)
	if err != nil {
		return identity.Identity{}, slot, err
	}
	if c.Token(slot) == "" {
		return identity.Identity{}, slot, autherr.New(autherr.InvalidRequest, "missing_token")
	}
	c.Use = Login
	id, err := chosen.verify(ctx, c)
	return id, slot, err
}

// Authenticate verifies a token that recognises the caller of a request. The
// provider is found by the token's issuer and audience.
//
// Errors by code, beside those of [Provider]: InvalidToken if no provider is
// addressed by the token.
func (s *Set) Authenticate(ctx context.Context, raw string) (identity.Identity, error) {
	if len(s.providers) == 1 {
		only := s.providers[0]
		return only.verify(ctx, Credential{Use: Request}.WithToken(s.slot(only), raw))
	}
	digest := token.DigestOf(raw)
	found, known := s.taken.GetIfPresent(digest)
	if !known {
		var ok bool
		if found, ok = s.find(Credential{AccessToken: raw, IDToken: raw}); !ok {
			return identity.Identity{}, autherr.New(autherr.InvalidToken, "no_provider_addressed")
		}
	}
	id, err := found.verify(ctx, Credential{Use: Request}.WithToken(found.Slot, raw))
	if err == nil && !known {
		s.taken.Set(digest, found)
	}
	return id, err
}

// Refresher returns the provider that exchanges refresh tokens. With an empty
// name it is the only one that can.
//
// Errors by code: NotFound if no provider can; InvalidRequest if the named one
// cannot or is unknown, or several can and none is named.
func (s *Set) Refresher(name string) (Named, Refresher, error) {
	var able []refreshing
	for _, p := range s.providers {
		if refresher, ok := p.Provider.(Refresher); ok {
			able = append(able, refreshing{p, refresher})
		}
	}
	if len(able) == 0 {
		return Named{}, nil, autherr.New(autherr.NotFound, "no_provider_refreshes")
	}
	if name == "" && len(able) > 1 {
		return Named{}, nil, autherr.New(autherr.InvalidRequest, "provider_not_named")
	}
	for _, p := range able {
		if name == "" || name == p.Name {
			return p.Named, p.Refresher, nil
		}
	}
	return Named{}, nil, autherr.New(autherr.InvalidRequest, "provider_cannot_refresh")
}

// choose returns the provider that must verify a login, and its deciding slot.
func (s *Set) choose(name string, c Credential) (Named, Slot, error) {
	if name != "" {
		named, ok := s.named(name)
		if !ok {
			return Named{}, 0, autherr.New(autherr.InvalidRequest, "unknown_provider")
		}
		return named, s.slot(named), nil
	}
	if len(s.providers) == 1 {
		return s.providers[0], s.slot(s.providers[0]), nil
	}
	found, ok := s.find(c)
	if !ok {
		return Named{}, 0, autherr.New(autherr.InvalidToken, "no_provider_addressed")
	}
	return found.Named, found.Slot, nil
}

// named returns the provider of that block.
func (s *Set) named(name string) (Named, bool) {
	at := slices.IndexFunc(s.providers, func(p Named) bool { return p.Name == name })
	if at < 0 {
		return Named{}, false
	}
	return s.providers[at], true
}

// slot returns the deciding slot of a provider: that of its first issuer, the
// access token if it names none.
func (s *Set) slot(p Named) Slot {
	for _, r := range s.routes {
		if r.Name == p.Name {
			return r.Slot
		}
	}
	return AccessToken
}

// find returns the first route that a token of the credential takes.
func (s *Set) find(c Credential) (route, bool) {
	for _, slot := range []Slot{AccessToken, IDToken} {
		issuer, audience, ok := token.Peek(c.Token(slot))
		if !ok {
			continue
		}
		for _, r := range s.routes {
			if r.Slot == slot && r.addresses(issuer, audience) {
				return r, true
			}
		}
	}
	return route{}, false
}

// addresses reports whether a token with that iss and aud is meant.
func (i Issuer) addresses(issuer string, audience []string) bool {
	return i.Issuer == issuer && slices.ContainsFunc(audience, func(member string) bool {
		return slices.Contains(i.Audience, member)
	})
}

// verify asks the provider and notes its name.
func (p Named) verify(ctx context.Context, c Credential) (identity.Identity, error) {
	id, err := p.Provider.Verify(ctx, c)
	if err != nil {
		return identity.Identity{}, err
	}
	id.Provider = p.Name
	return id, nil
}
