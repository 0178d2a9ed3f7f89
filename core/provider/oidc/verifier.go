package oidc

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// verifier is the opened provider.
type verifier struct {
	settings Settings
	layout   layout
	rules    *token.Verifier
	requests *token.Cache[identity.Identity]
	keys     token.KeySet
	common   provider.Common
	now      func() time.Time
}

var (
	_ provider.Provider = (*verifier)(nil)
	_ provider.Issuers  = (*verifier)(nil)
	_ provider.Checker  = (*verifier)(nil)
)

func open(_ context.Context, s Settings, env provider.Env) (provider.Provider, error) {
	keys, err := openKeys(s, env)
	if err != nil {
		return nil, fmt.Errorf("oidc: %w", err)
	}
	v := &verifier{settings: s, keys: keys, common: env.Common, now: env.Now}
	v.layout, _ = s.Claims.layout()
	v.rules, err = token.NewVerifier(token.Policy{
		Keys:         keys,
		Issuer:       s.Issuer,
		Audience:     s.Audience,
		Algorithms:   s.Algorithms,
		Types:        []string{"JWT"},
		AudienceList: true,
		ClockSkew:    env.Common.ClockSkew.Std(),
		Check:        v.check,
		Now:          env.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("oidc: %w", err)
	}
	v.requests = token.NewCache(v.rules, env.Common.Cache, v.identity)
	return v, nil
}

// Issuers says that ID tokens for one of the client ids are addressed to v.
func (v *verifier) Issuers() []provider.Issuer {
	return []provider.Issuer{{
		Issuer:    v.settings.Issuer,
		Audience:  v.settings.Audience,
		Slot:      provider.IDToken,
		KeySource: v.settings.keySource(),
	}}
}

// Check is [provider.Checker]. Keys from a file are always there.
func (v *verifier) Check(ctx context.Context) error {
	if remote, ok := v.keys.(provider.Checker); ok {
		return remote.Check(ctx)
	}
	return nil
}

// Verify is [provider.Provider]. The ID token is required and decides. An
// access token beside it is looked at only as far as the ID token's at_hash
// speaks of it. The ID token of a request may have been verified before; a login
// is verified in full.
func (v *verifier) Verify(ctx context.Context, c provider.Credential) (identity.Identity, error) {
	if c.IDToken == "" {
		return identity.Identity{}, invalid("missing_id_token")
	}
	if c.Use == provider.Request && c.AccessToken == "" {
		id, err := v.requests.Verify(ctx, c.IDToken)
		return v.atPresent(id), err
	}
	claims, late := v.rules.Verify(ctx, c.IDToken)
	if late != nil && autherr.CodeOf(late) != autherr.TokenExpired {
		return identity.Identity{}, late
	}
	if c.AccessToken != "" && !hashAgrees(claims, c.AccessToken) {
		return identity.Identity{}, invalid("wrong_access_token_hash")
	}
	if late == nil {
		late = v.common.CheckAge(c.Use, claims.IssuedAt, v.now())
	}
	if late != nil {
		return identity.Identity{}, late
	}
	return v.atPresent(v.identity(claims)), nil
}

// check is what the settings demand of a token beyond what every token must say.
func (v *verifier) check(c token.Claims) error {
	if !identity.IsSubject(v.layout.subject.text(c)) {
		return invalid("bad_subject")
	}
	for name, want := range v.settings.RequiredClaims {
		if got, ok := scalar(c, name); !ok || got != want {
			return invalid("wrong_claim")
		}
	}
	return nil
}

// scalar returns a claim that is a text or a boolean, as a text.
func scalar(c token.Claims, name string) (string, bool) {
	if b, ok := c.Bool(name); ok {
		return strconv.FormatBool(b), true
	}
	return c.String(name)
}

// identity is what a verified ID token says, at any time.
func (v *verifier) identity(c token.Claims) identity.Identity {
	id := identity.Identity{
		Key:             identity.Key{Issuer: c.Issuer, Subject: v.layout.subject.text(c)},
		AuthMethod:      authMethod(c),
		Audience:        c.Audience,
		IssuedAt:        c.IssuedAt,
		ExpiresAt:       c.ExpiresAt,
		AuthenticatedAt: authenticatedAt(c),
		Claims:          v.claims(c),
	}
	if email := v.layout.email.text(c); identity.IsEmail(email) {
		id.Email = v.contact(c, "email", email, v.layout.emailVerified)
	}
	if phone := v.layout.phone.text(c); identity.IsPhone(phone) {
		id.Phone = v.contact(c, "phone", phone, v.layout.phoneVerified)
	}
	id.Identifier = cmp.Or(id.Email.Value, id.Phone.Value)
	return id
}

// claims are the further claims of a token, name and picture wherever they
// stand in it.
func (v *verifier) claims(c token.Claims) identity.Claims {
	claims := c.Extra()
	for name, at := range map[string]pointer{"name": v.layout.name, "picture": v.layout.picture} {
		if text := at.text(c); text != "" {
			claims[name] = text
		}
	}
	return identity.NewClaims(claims)
}

func (v *verifier) contact(c token.Claims, kind, value string, verified pointer) identity.Contact {
	if v.common.Trusts(kind) && verified.isTrue(c) {
		return identity.Contact{Value: value, Verification: identity.Verified}
	}
	return identity.Contact{Value: value}
}

// authMethod returns the methods of amr (RFC 8176), with a blank between them.
// What cannot be kept counts as not given.
func authMethod(c token.Claims) string {
	methods, _ := c.Strings("amr")
	if joined := strings.Join(methods, " "); identity.IsAuthMethod(joined) {
		return joined
	}
	return ""
}

// authenticatedAt returns auth_time, zero if it is no time.
func authenticatedAt(c token.Claims) time.Time {
	at, ok := c.Time("auth_time")
	if !ok {
		return time.Time{}
	}
	return at.UTC()
}

// atPresent drops from an identity what cannot be true yet: a sign-in that lies
// in the future.
func (v *verifier) atPresent(id identity.Identity) identity.Identity {
	if id.AuthenticatedAt.Unix() > v.now().Add(v.common.ClockSkew.Std()).Unix() {
		id.AuthenticatedAt = time.Time{}
	}
	return id
}

func invalid(reason string) error { return autherr.New(autherr.InvalidToken, reason) }
