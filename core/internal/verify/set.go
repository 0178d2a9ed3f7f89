package verify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

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

	allEnabled bool // no provider is disabled
}

const (
	maxSelected     = 10_000
	maxRequestToken = 16 << 10
)

// NewSet returns a set of opened providers.
func NewSet(providers ...*Provider) *Set {
	return &Set{
		providers:  providers,
		allEnabled: !slices.ContainsFunc(providers, func(p *Provider) bool { return !p.Enabled() }),
		selected:   otter.Must(&otter.Options[digest.Digest, *Provider]{MaximumSize: maxSelected}),
	}
}

// All returns the providers in the order of the file.
func (s *Set) All() []*Provider { return s.providers }

// named returns the provider with that name, nil if there is none.
func (s *Set) named(name string) *Provider {
	at := slices.IndexFunc(s.providers, func(p *Provider) bool { return p.Name == name })
	if at < 0 {
		return nil
	}
	return s.providers[at]
}

// Close closes the idle connections to the providers.
func (s *Set) Close() {
	for _, p := range s.providers {
		p.closeIdle()
	}
}

// Login verifies the tokens of a sign-in. With an empty name the provider is
// selected by them. It returns the identity, and the token that recognizes
// callers in session "provider_token"; "" if there was none and the provider
// needs none for the login.
//
// Errors by code: InvalidRequest for a name that no block has, or if no token is
// there that suffices for a login; InvalidToken if a token is invalid or no
// provider is selected; TokenExpired if nothing is wrong but the lifetime or the
// age; MachineCaller if a token is that of a machine; TemporarilyUnavailable if the keys could not be fetched; Internal for a
// driver's error.
func (s *Set) Login(ctx context.Context, name string, tokens provider.Tokens) (identity.Identity, string, error) {
	p, err := s.choose(name, tokens)
	if err != nil {
		return identity.Identity{}, "", err
	}
	id, err := p.login(ctx, tokens, p.rules.CheckNonce)
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
		if p = s.find(raw, func(p *Provider) (provider.TokenKind, bool) { return p.Recognizes, true }); p == nil {
			return identity.Identity{}, s.notSelected(raw)
		}
	}
	id, err := p.authenticate(ctx, raw)
	if err == nil && !known {
		s.selected.Set(key, p)
	}
	return id, err
}

// ChangesAccount reports whether the token that recognizes a caller at the named
// provider may change the user's account. An access token is made for an API and
// sent to it by any client: it may only if it suffices for a login, or the block
// lists its client.
func (s *Set) ChangesAccount(name string) bool {
	p := s.named(name)
	return p != nil && (p.suffices(p.Recognizes) || len(p.rules.Of(p.Recognizes).Clients) > 0)
}

// LinksIdentities reports whether the token that recognizes a caller at the named
// provider may add and remove the user's identities: an ID token, or an access token
// that suffices for a login and has no list of clients. One with a list is made for
// an API and sent to it by all of them.
func (s *Set) LinksIdentities(name string) bool {
	p := s.named(name)
	return p != nil && p.suffices(p.Recognizes) && len(p.rules.Of(p.Recognizes).Clients) == 0
}

// IssuerOf returns the issuer that identities of the named provider are stored with:
// the given one, or with "" the provider's only one.
//
// Errors by code: InvalidRequest for a name that no block has, for an issuer that
// the provider does not have, and for "" if it has several.
func (s *Set) IssuerOf(name, issuer string) (string, error) {
	p := s.named(name)
	if p == nil {
		return "", autherr.New(autherr.InvalidRequest, "unknown_provider")
	}
	rules := p.rules
	_, isFurther := rules.MoreIssuers[issuer]
	switch {
	case issuer == "" && len(rules.MoreIssuers) == 0, issuer == rules.Issuer:
		return rules.Issuer, nil
	case isFurther:
		return issuer, nil
	}
	return "", autherr.New(autherr.InvalidRequest, "issuer_of_no_provider")
}

// Refresher returns a provider that can refresh. With an empty name it is the
// only one that can.
//
// Errors by code: NotFound if no provider can; InvalidRequest if the named one
// cannot or is unknown, or several can and none is named; InvalidToken if the
// block is disabled.
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
			return p, p.checkEnabled()
		}
	}
	return nil, autherr.New(autherr.InvalidRequest, "provider_cannot_refresh")
}

// Ambiguous returns the name of a provider whose tokens could be accepted as
// those of another one, and what to do about it; nil if there is none. Two
// providers may have the same issuer only if they have different audiences, the
// same source of keys and the same subject claim, because an identity is its
// issuer and subject alone. Audiences in different claims of access tokens cannot
// be compared: a token that is for both is for the first.
func (s *Set) Ambiguous() (name string, err error) {
	for i, later := range s.providers {
		for _, earlier := range s.providers[:i] {
			switch shared := sharedIssuers(later.rules, earlier.rules); {
			case len(shared) == 0:
			case !haveOneSource(shared, later.rules, earlier.rules):
				return later.Name, fmt.Errorf("provider %q has the same issuer, but another source of keys: let both name the same source", earlier.Name)
			case later.rules.SubjectClaim != earlier.rules.SubjectClaim:
				return later.Name, fmt.Errorf("provider %q has the same issuer, but its subject is the claim %s, and here it is %s: "+
					"a user of one would be another user of the other; let both name the same claim",
					earlier.Name, earlier.rules.SubjectClaim, later.rules.SubjectClaim)
			case sharesTokens(later.rules, earlier.rules):
				return later.Name, fmt.Errorf("provider %q has the same issuer and audience, so a token could be for either: remove one of them", earlier.Name)
			}
		}
	}
	return "", nil
}

// haveOneSource reports whether the keys of those issuers have the same source in
// both rules.
func haveOneSource(issuers []string, a, b provider.Rules) bool {
	return !slices.ContainsFunc(issuers, func(issuer string) bool { return keysOf(a)[issuer].Source != keysOf(b)[issuer].Source })
}

// choose returns the provider of a sign-in.
func (s *Set) choose(name string, tokens provider.Tokens) (*Provider, error) {
	if name != "" {
		if p := s.named(name); p != nil {
			return p, nil
		}
		return nil, autherr.New(autherr.InvalidRequest, "unknown_provider")
	}
	if len(s.providers) == 1 {
		return s.providers[0], nil
	}
	for _, kind := range tokenKinds {
		if p := s.find(tokens.Of(kind), func(p *Provider) (provider.TokenKind, bool) { return kind, p.suffices(kind) }); p != nil {
			return p, nil
		}
	}
	return nil, s.notSelected(tokens.AccessToken, tokens.IDToken)
}

// notSelected returns the error of tokens that are addressed to no provider, with
// the issuer or the audience that the first of them has; if it has those of a
// provider, what else is wrong with it.
func (s *Set) notSelected(tokens ...string) error {
	err := autherr.New(autherr.InvalidToken, "no_provider_addressed")
	for _, raw := range tokens {
		peeked, ok := jwt.Peek(raw)
		if !ok {
			continue
		}
		var issuers, audiences []string
		for _, p := range s.providers {
			issuers = append(issuers, p.issuers...)
			if !slices.Contains(p.issuers, peeked.Claims.Issuer) {
				continue
			}
			if wrong := p.wrongKind(peeked); wrong != nil {
				return wrong
			}
			audiences = append(audiences, p.audiences()...)
		}
		if audiences == nil {
			return err.WithValues(strings.Join(issuers, " "), peeked.Claims.Issuer)
		}
		return err.WithValues(strings.Join(audiences, " "), strings.Join(peeked.Claims.Audience, " "))
	}
	return err
}

// wrongKind returns why a token with an accepted audience is of none of the
// accepted kinds, nil if it has another audience.
func (p *Provider) wrongKind(peeked jwt.Peeked) error {
	for _, verifier := range p.verifiers {
		if verifier == nil {
			continue
		}
		if err := verifier.CheckAddress(peeked); err != nil && autherr.ReasonOf(err) != "wrong_audience" {
			return err
		}
	}
	return nil
}

// audiences returns the accepted audiences of all token kinds.
func (p *Provider) audiences() []string {
	var all []string
	for _, kind := range tokenKinds {
		if rules := p.rules.Of(kind); rules != nil {
			all = append(all, rules.Audience...)
		}
	}
	return all
}

// find returns the first provider that a token is addressed to, as a token of the
// kind that accepts returns; nil if there is none.
func (s *Set) find(raw string, accepts func(*Provider) (provider.TokenKind, bool)) *Provider {
	peeked, ok := jwt.Peek(raw)
	if !ok {
		return nil
	}
	for _, p := range s.providers {
		if kind, accepted := accepts(p); accepted && p.verifiers[kind].CheckAddress(peeked) == nil {
			return p
		}
	}
	return nil
}

// sharesTokens reports whether a token could be valid by the rules of two
// providers with one issuer.
func sharesTokens(a, b provider.Rules) bool {
	return sharesAudience(a.AccessToken, b.AccessToken) || sharesAudience(a.IDToken, b.IDToken) ||
		provider.Rules{AccessToken: a.AccessToken, IDToken: b.IDToken}.Exclusive() != nil ||
		provider.Rules{AccessToken: b.AccessToken, IDToken: a.IDToken}.Exclusive() != nil
}

// sharesAudience compares rules of one kind.
func sharesAudience(a, b *provider.TokenRules) bool {
	return a != nil && b != nil && cmp.Or(a.AudienceClaim, "aud") == cmp.Or(b.AudienceClaim, "aud") &&
		slices.ContainsFunc(a.Audience, func(audience string) bool { return slices.Contains(b.Audience, audience) })
}
