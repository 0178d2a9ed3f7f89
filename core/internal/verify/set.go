package verify

import (
	"context"
	"fmt"
	"slices"

	"github.com/maypok86/otter/v2"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/digest"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/provider"
)

// Set contains the configured providers in the order of the file.
//
// A provider is selected by name; else by the issuer and audience of the token;
// else because it is the only one.
type Set struct {
	providers []*Provider

	// selected caches the providers of verified tokens, so that a token need not
	// be parsed to find its provider again. The token alone decides it.
	selected *otter.Cache[digest.Digest, *Provider]
}

const (
	maxSelected     = 10_000
	maxRequestToken = 16 << 10
)

// NewSet returns a set of opened providers.
func NewSet(providers ...*Provider) *Set {
	return &Set{
		providers: providers,
		selected:  otter.Must(&otter.Options[digest.Digest, *Provider]{MaximumSize: maxSelected}),
	}
}

// All returns the providers in the order of the file.
func (s *Set) All() []*Provider { return s.providers }

// Close closes the idle connections to the providers.
func (s *Set) Close() {
	for _, p := range s.providers {
		p.closeIdle()
	}
}

// Login verifies the tokens of a sign-in. With an empty name the provider is
// selected by them. It returns the identity, and the token that recognizes
// callers in session "provider_token".
//
// Errors by code: InvalidRequest for a name that no block has, or if the token
// that the provider needs is missing; InvalidToken if a token is invalid or no
// provider is selected; TokenExpired if nothing is wrong but the lifetime or the
// age; TemporarilyUnavailable if the keys could not be fetched; Internal for a
// driver's error.
func (s *Set) Login(ctx context.Context, name string, tokens provider.Tokens) (identity.Identity, string, error) {
	p, err := s.choose(name, tokens)
	if err != nil {
		return identity.Identity{}, "", err
	}
	id, err := p.login(ctx, tokens)
	if err != nil {
		return identity.Identity{}, "", err
	}
	return id, tokens.Of(p.Recognizes), nil
}

// Authenticate verifies the token that recognizes the caller of a request. The
// provider is selected by it.
//
// Errors by code: as of [Set.Login], without InvalidRequest. A token of more than
// 16 KiB is InvalidToken; a login accepts twice that.
func (s *Set) Authenticate(ctx context.Context, raw string) (identity.Identity, error) {
	if len(raw) > maxRequestToken {
		return identity.Identity{}, autherr.New(autherr.InvalidToken, "too_large")
	}
	if len(s.providers) == 1 {
		return s.providers[0].authenticate(ctx, raw)
	}
	key := digest.Of(raw)
	p, known := s.selected.GetIfPresent(key)
	if !known {
		if p = s.find(provider.Tokens{AccessToken: raw, IDToken: raw}); p == nil {
			return identity.Identity{}, errNotSelected()
		}
	}
	id, err := p.authenticate(ctx, raw)
	if err == nil && !known {
		s.selected.Set(key, p)
	}
	return id, err
}

// Refresher returns a provider that can refresh. With an empty name it is the
// only one that can.
//
// Errors by code: NotFound if no provider can; InvalidRequest if the named one
// cannot or is unknown, or several can and none is named.
func (s *Set) Refresher(name string) (*Provider, error) {
	cannot := func(p *Provider) bool { return p.Refresher() == nil }
	able := slices.DeleteFunc(slices.Clone(s.providers), cannot)
	switch {
	case len(able) == 0:
		return nil, autherr.New(autherr.NotFound, "no_provider_refreshes")
	case name == "" && len(able) > 1:
		return nil, autherr.New(autherr.InvalidRequest, "provider_not_named")
	}
	for _, p := range able {
		if name == "" || name == p.Name {
			return p, nil
		}
	}
	return nil, autherr.New(autherr.InvalidRequest, "provider_cannot_refresh")
}

// Ambiguous returns the name of a provider whose tokens could be accepted as
// those of another one, and what to do about it; nil if there is none. Two
// providers may have the same issuer only if they have different audiences and
// the same source of keys, because an identity is its issuer and subject alone.
func (s *Set) Ambiguous() (name string, err error) {
	for i, later := range s.providers {
		for _, earlier := range s.providers[:i] {
			switch {
			case later.rules.Issuer != earlier.rules.Issuer:
			case later.rules.Keys.Source != earlier.rules.Keys.Source:
				return later.Name, fmt.Errorf("provider %q has the same issuer, but another source of keys: let both name the same source", earlier.Name)
			case later.isAddressed(later.rules.Issuer, earlier.rules.Audience):
				return later.Name, fmt.Errorf("provider %q has the same issuer and audience, so a token could be for either: remove one of them", earlier.Name)
			}
		}
	}
	return "", nil
}

// choose returns the provider of a sign-in.
func (s *Set) choose(name string, tokens provider.Tokens) (*Provider, error) {
	if name != "" {
		at := slices.IndexFunc(s.providers, func(p *Provider) bool { return p.Name == name })
		if at < 0 {
			return nil, autherr.New(autherr.InvalidRequest, "unknown_provider")
		}
		return s.providers[at], nil
	}
	if len(s.providers) == 1 {
		return s.providers[0], nil
	}
	if p := s.find(tokens); p != nil {
		return p, nil
	}
	return nil, errNotSelected()
}

func errNotSelected() error { return autherr.New(autherr.InvalidToken, "no_provider_addressed") }

// find returns the first provider that a token is addressed to, nil if there is
// none.
func (s *Set) find(tokens provider.Tokens) *Provider {
	for _, kind := range []provider.TokenKind{provider.AccessToken, provider.IDToken} {
		issuer, audience, ok := jwt.Peek(tokens.Of(kind))
		if !ok {
			continue
		}
		for _, p := range s.providers {
			if p.Recognizes == kind && p.isAddressed(issuer, audience) {
				return p
			}
		}
	}
	return nil
}

// isAddressed reports whether a token with that iss and aud is for p.
func (p *Provider) isAddressed(issuer string, audience []string) bool {
	return p.rules.Issuer == issuer && slices.ContainsFunc(audience, func(member string) bool {
		return slices.Contains(p.rules.Audience, member)
	})
}
