// Package verify verifies the tokens of the configured providers.
//
// A driver of package provider declares rules and maps claims. Everything that
// must hold for each provider is applied here: the rules themselves,
// login_max_age, clock_skew, the cache, trust, the selection of a provider by
// its tokens, and the check of the identity that a driver returns.
package verify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// Host is the program and the configuration that providers are opened for.
type Host struct {
	Development bool
	BaseURL     string            // auth.base_url
	Path        string            // auth.path
	Directory   string            // base of relative paths; "": the working directory
	Transport   http.RoundTripper // of all providers; nil: each has its own transport
	Now         func() time.Time
	Log         *slog.Logger
}

// Open opens a provider block without using the network.
func Open(ctx context.Context, instance provider.Instance, host Host) (*Provider, error) {
	instance = instance.WithDefaults()
	client, err := newHTTPClient(*instance.Common.HTTP, host.Directory, host.Transport)
	if err != nil {
		return nil, err
	}
	driver, err := instance.Type.Open(ctx, instance.Settings, provider.Env{
		Name:        instance.Name,
		Development: host.Development,
		BaseURL:     host.BaseURL,
		MountPath:   host.Path + "/" + instance.Name,
		Directory:   host.Directory,
		Keys:        *instance.Common.Keys,
		HTTPClient:  client,
		Now:         host.Now,
		Log:         host.Log.With("provider", instance.Name),
	})
	if err != nil {
		return nil, err
	}
	p, err := newProvider(instance, driver, host.Now)
	if err != nil {
		return nil, fmt.Errorf("provider %q: %w", instance.Type.Name(), err)
	}
	if host.Transport == nil {
		p.closeIdle = client.CloseIdleConnections
	}
	return p, nil
}

// newProvider applies the rules that the driver declares.
func newProvider(instance provider.Instance, driver provider.Driver, now func() time.Time) (*Provider, error) {
	rules := driver.Rules()
	if !identity.IsIssuer(rules.Issuer) {
		return nil, errors.New("its issuer must be 1 to 255 visible ASCII characters")
	}
	rules.Audience = slices.Clone(rules.Audience)
	p := &Provider{
		Name:       instance.Name,
		Recognizes: rules.Recognizes,
		driver:     driver,
		rules:      rules,
		skew:       instance.Common.ClockSkew.Std(),
		maxAge:     instance.Common.LoginMaxAge.Std(),
		now:        now,
		closeIdle:  func() {},
	}
	if len(instance.Common.Trust) == 0 {
		instance.Common.Trust = rules.DefaultTrust
	}
	p.trustsEmail, p.trustsPhone = instance.Common.Trusts("email"), instance.Common.Trusts("phone")
	for _, kind := range p.kinds() {
		verifier, err := jwt.NewVerifier(p.policy(kind))
		if err != nil {
			return nil, err
		}
		p.verifiers[kind] = verifier
	}
	p.requests = jwt.NewCache(p.verifiers[p.Recognizes], *instance.Common.Cache, p.identifyOne)
	return p, nil
}

// kinds returns the token kinds that are verified, the required one first.
func (p *Provider) kinds() []provider.TokenKind {
	switch {
	case !p.rules.VerifyBoth:
		return []provider.TokenKind{p.Recognizes}
	case p.Recognizes == provider.IDToken:
		return []provider.TokenKind{provider.IDToken, provider.AccessToken}
	default:
		return []provider.TokenKind{provider.AccessToken, provider.IDToken}
	}
}

// policy returns what the rules demand of a token of that kind.
func (p *Provider) policy(kind provider.TokenKind) jwt.Policy {
	policy := jwt.Policy{
		Keys:          p.rules.Keys.KeySet,
		Issuer:        p.rules.Issuer,
		Audience:      p.rules.Audience,
		Algorithms:    p.rules.Algorithms,
		Types:         p.rules.Types,
		AudienceList:  p.rules.AudienceList,
		KeyIDRequired: p.rules.KeyIDRequired,
		PlainHeader:   p.rules.PlainHeader,
		ClockSkew:     p.skew,
		Now:           p.now,
	}
	if check := p.rules.Check; check != nil {
		policy.Check = func(c token.Claims) error { return check(kind, c) }
	}
	return policy
}
