// Package verify verifies the tokens of the configured providers.
//
// A driver of package provider declares rules and maps claims. Everything that
// must hold for each provider is applied here: the rules themselves,
// login_max_age, clock_skew, the cache, trust, the selection of a provider by
// its tokens, and the check of the identity that a driver returns.
package verify

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

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
	p, err := newProvider(instance, driver, host)
	if err != nil {
		return nil, fmt.Errorf("provider %q: %w", instance.Type.Name(), err)
	}
	if host.Transport == nil {
		p.closeIdle = client.CloseIdleConnections
	}
	return p, nil
}

// standardSubject locates sub.
const standardSubject = "/sub"

// newProvider applies the rules that the driver declares.
func newProvider(instance provider.Instance, driver provider.Driver, host Host) (*Provider, error) {
	rules := driver.Rules()
	if err := checkIssuers(rules, host.BaseURL); err != nil {
		return nil, err
	}
	rules.SubjectClaim = cmp.Or(rules.SubjectClaim, standardSubject)
	if err := checkRules(rules); err != nil {
		return nil, err
	}
	if err := checkAbilities(driver, rules); err != nil {
		return nil, err
	}
	p := &Provider{
		Name:        instance.Name,
		Type:        instance.Type.Name(),
		DisplayName: cmp.Or(instance.Common.DisplayName, instance.Name),
		Issuer:      rules.Issuer,

		state:     instance.Common.State,
		driver:    driver,
		rules:     rules,
		issuers:   issuersOf(rules),
		skew:      instance.Common.ClockSkew.Std(),
		maxAge:    instance.Common.LoginMaxAge.Std(),
		now:       host.Now,
		closeIdle: func() {},
	}
	if rules.AccessToken == nil {
		p.Recognizes = provider.IDToken
	}
	if len(instance.Common.Trust) == 0 {
		instance.Common.Trust = rules.DefaultTrust
	}
	p.trustsEmail, p.trustsPhone = instance.Common.Trusts("email"), instance.Common.Trusts("phone")
	for _, kind := range tokenKinds {
		if rules.Of(kind) == nil {
			continue
		}
		verifier, err := jwt.NewVerifier(p.policy(kind))
		if err != nil {
			return nil, err
		}
		p.verifiers[kind] = verifier
	}
	logouts, err := p.newLogoutVerifier()
	if err != nil {
		return nil, err
	}
	p.logouts = logouts
	p.requests = jwt.NewCache(p.verifiers[p.Recognizes], *instance.Common.Cache, p.identifyOne)
	return p, nil
}

// policy returns what the rules demand of a token of that kind.
func (p *Provider) policy(kind provider.TokenKind) jwt.Policy {
	policy := p.basePolicy()
	if check := p.rules.Check; check != nil {
		policy.Check = func(c token.Claims) error { return check(kind, c) }
	}
	return withTokenRules(policy, kind, *p.rules.Of(kind))
}

// basePolicy returns what the rules demand of each token.
func (p *Provider) basePolicy() jwt.Policy {
	policy := jwt.Policy{
		Keys:          p.rules.Keys.KeySet,
		Issuer:        p.rules.Issuer,
		MoreIssuers:   map[string]token.KeySet{},
		IssuerAliases: p.rules.IssuerAliases,
		Algorithms:    p.rules.Algorithms,
		KeyIDRequired: p.rules.KeyIDRequired,
		PlainHeader:   p.rules.PlainHeader,
		ClockSkew:     p.skew,
		Now:           p.now,
	}
	for issuer, keys := range p.rules.MoreIssuers {
		policy.MoreIssuers[issuer] = keys.KeySet
	}
	return policy
}
