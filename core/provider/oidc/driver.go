package oidc

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// driver is an opened `provider "oidc"`.
type driver struct {
	settings Settings
	pointers pointers
	env      provider.Env
	sources  map[string]source // by issuer
}

func open(_ context.Context, s Settings, env provider.Env) (provider.Driver, error) {
	d := &driver{settings: s, env: env, sources: map[string]source{}}
	for _, one := range s.perIssuer() {
		opened, err := openSource(one, env)
		if err != nil {
			return nil, fmt.Errorf("oidc: %w", err)
		}
		d.sources[one.Issuer] = opened
	}
	d.pointers, _ = s.Claims.pointers()
	if s.ClientID != "" {
		return &client{d, d.sources[s.perIssuer()[0].Issuer].discovery}, nil
	}
	return d, nil
}

// aliases lists other iss of an issuer: Google's ID tokens have either form (Google,
// "Verify the Google ID token on your server side").
var aliases = map[string][]string{"https://accounts.google.com": {"accounts.google.com"}}

// Rules implements [provider.Driver].
func (d *driver) Rules() provider.Rules {
	rules := d.settings.tokenRules()
	issuers := d.settings.perIssuer()
	rules.Issuer, rules.Keys = issuers[0].Issuer, d.sources[issuers[0].Issuer].keys
	rules.MoreIssuers = map[string]provider.Keys{}
	for _, one := range issuers[1:] {
		rules.MoreIssuers[one.Issuer] = d.sources[one.Issuer].keys
	}
	rules.IssuerAliases = aliases[rules.Issuer]
	rules.Algorithms = d.settings.Algorithms
	rules.SubjectClaim = d.settings.Claims.subject()
	rules.LogoutTokens = rules.IDToken != nil
	rules.Check = d.check
	if d.settings.UserInfo {
		rules.UserInfo = d.userInfo
	}
	rules.CheckNonce = d.settings.checkNonce
	if machines := d.settings.Machines; machines != nil {
		rules.IsMachine = machines.isMachine
	}
	return rules
}

// check demands the subject and the claims of the settings.
func (d *driver) check(kind provider.TokenKind, c token.Claims) error {
	if _, present := c.Lookup("client_id"); present && kind == provider.IDToken && d.settings.mayShareClientID() {
		return invalid("client_id_in_id_token")
	}
	if err := d.checkTenant(c); err != nil {
		return err
	}
	if !identity.IsSubject(d.pointers.subject.stringIn(c)) {
		return invalid("bad_subject")
	}
	if !hasAll(c, d.settings.RequiredClaims) {
		return invalid("wrong_claim")
	}
	return nil
}

// Identify implements [provider.Driver].
func (d *driver) Identify(v provider.Verified) (identity.Identity, error) {
	c := v.IDToken
	if c.Subject == "" {
		c = v.AccessToken
	}
	id := identity.Identity{
		Key:             identity.Key{Issuer: c.Issuer, Subject: d.pointers.subject.stringIn(c)},
		AuthMethod:      authMethod(c),
		AuthenticatedAt: authenticatedAt(c),
		Claims:          d.claims(c),
	}
	if id.Email = d.email(c); id.Email.Value == "" {
		id.Email = d.email(v.UserInfo)
	}
	if id.Phone = d.phone(c); id.Phone.Value == "" {
		id.Phone = d.phone(v.UserInfo)
	}
	id.Identifier = cmp.Or(id.Email.Value, id.Phone.Value)
	return id, nil
}

// email returns the email address in the claims, with its verification in the
// same claims.
func (d *driver) email(c token.Claims) identity.Contact {
	if email := d.pointers.email.stringIn(c); identity.IsEmail(email) {
		return contact(email, d.isTrue(d.pointers.emailVerified, c))
	}
	return identity.Contact{}
}

// phone is email for the phone number.
func (d *driver) phone(c token.Claims) identity.Contact {
	if phone := d.pointers.phone.stringIn(c); identity.IsPhone(phone) {
		return contact(phone, d.isTrue(d.pointers.phoneVerified, c))
	}
	return identity.Contact{}
}

// isTrue reports whether the value at the pointer is true, or "true" where the
// issuer sends strings.
func (d *driver) isTrue(p pointer, c token.Claims) bool {
	return p.isTrue(c) || d.settings.StringBooleans && p.stringIn(c) == "true"
}

func contact(value string, verified bool) identity.Contact {
	if verified {
		return identity.Contact{Value: value, Verification: identity.Verified}
	}
	return identity.Contact{Value: value}
}

// claims returns the further claims of a token, with name and picture from
// where the settings point.
func (d *driver) claims(c token.Claims) identity.Claims {
	claims := c.Extra()
	for name, at := range map[string]pointer{"name": d.pointers.name, "picture": d.pointers.picture} {
		if value := at.stringIn(c); value != "" && at != pointer("/"+name) {
			claims = claims.With(name, value)
		}
	}
	return claims
}

// authMethod returns the methods of amr, separated by spaces, "" if they cannot
// be stored.
func authMethod(c token.Claims) string {
	if joined := strings.Join(authMethods(c), " "); identity.IsAuthMethod(joined) {
		return joined
	}
	return ""
}

// authMethods returns the methods of amr: a list of strings (OpenID Connect Core
// 1.0, section 2; RFC 8176), or of objects with the member method, as Supabase
// sends them (supabase.com/docs/guides/auth/jwt-fields). Each method is listed
// once. A list with another element contains none.
func authMethods(c token.Claims) []string {
	amr, _ := c.Lookup("amr")
	elements, _ := amr.Array()
	var methods []string
	for _, element := range elements {
		if object, ok := element.Object(); ok {
			element, _ = object.Lookup("method")
		}
		method, ok := element.String()
		if !ok {
			return nil
		}
		if !slices.Contains(methods, method) {
			methods = append(methods, method)
		}
	}
	return methods
}

// authenticatedAt returns auth_time, zero if it is not a valid time.
func authenticatedAt(c token.Claims) time.Time {
	at, ok := c.Time("auth_time")
	if !ok {
		return time.Time{}
	}
	return at.UTC()
}

func invalid(reason string) *autherr.Error { return autherr.New(autherr.InvalidToken, reason) }
