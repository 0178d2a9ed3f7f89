package oidc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/oauth2"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
)

// The values of Settings.TokenAuth.
const (
	tokenAuthBasic = "basic"
	tokenAuthPost  = "post"
)

// client is a driver whose block has a client_id: the application itself is a client
// of the issuer.
type client struct {
	*driver

	discovery *discovery
}

var (
	_ provider.CodeFlow  = (*client)(nil)
	_ provider.Refresher = (*client)(nil)
)

// AuthCodeURL implements [provider.CodeFlow].
func (c *client) AuthCodeURL(ctx context.Context, r provider.AuthRequest) (address string, namesIssuer bool, err error) {
	issuer, err := c.discovery.current(ctx)
	if err != nil {
		return "", false, err
	}
	if err := c.env.CheckURL(issuer.authorization); err != nil {
		return "", false, autherr.Wrap(autherr.TemporarilyUnavailable, "bad_endpoint", fmt.Errorf("oidc: authorization_endpoint %w", err))
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(r.Verifier), oauth2.SetAuthURLParam("nonce", r.Nonce)}
	for name, value := range map[string]string{"prompt": r.Prompt, "max_age": r.MaxAge, "acr_values": r.ACRValues} {
		if value != "" {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	application := oauth2.Config{
		ClientID:    c.settings.ClientID,
		RedirectURL: r.RedirectURI,
		Scopes:      c.settings.Scopes,
		Endpoint:    oauth2.Endpoint{AuthURL: issuer.authorization},
	}
	return application.AuthCodeURL(r.State, options...), issuer.namesIssuer, nil
}

// Exchange implements [provider.CodeFlow]: OpenID Connect Core 1.0, section 3.1.3.
func (c *client) Exchange(ctx context.Context, code, verifier, redirectURI string) (provider.Tokens, error) {
	application, err := c.application(ctx)
	if err != nil {
		return provider.Tokens{}, err
	}
	application.RedirectURL = redirectURI
	granted, err := application.Exchange(c.withHTTPClient(ctx), code, oauth2.VerifierOption(verifier))
	if err != nil {
		return provider.Tokens{}, tokenError(err)
	}
	return tokensOf(granted), nil
}

// Refresh implements [provider.Refresher]: OpenID Connect Core 1.0, section 12.
//
// An issuer may revoke a refresh token as soon as it receives it. So the exchange is
// made once, and continues after ctx ends: the client's own time limit bounds it.
func (c *client) Refresh(ctx context.Context, refreshToken string) (provider.Refreshed, error) {
	application, err := c.application(ctx)
	if err != nil {
		return provider.Refreshed{}, err
	}
	ctx = c.withHTTPClient(context.WithoutCancel(ctx))
	granted, err := application.TokenSource(ctx, &oauth2.Token{RefreshToken: refreshToken}).Token()
	if err != nil {
		return provider.Refreshed{}, tokenError(err)
	}
	return provider.Refreshed{Tokens: tokensOf(granted), RefreshToken: granted.RefreshToken}, nil
}

// application returns the client at the token endpoint. The style of authentication
// is always set: golang.org/x/oauth2 would find it out by sending a code twice.
func (c *client) application(ctx context.Context) (*oauth2.Config, error) {
	issuer, err := c.discovery.current(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.env.CheckURL(issuer.token); err != nil {
		return nil, autherr.Wrap(autherr.TemporarilyUnavailable, "bad_endpoint", fmt.Errorf("oidc: token_endpoint %w", err))
	}
	secret, err := c.settings.ClientSecret.Reload()
	if err != nil {
		return nil, autherr.Wrap(autherr.TemporarilyUnavailable, "client_secret_unreadable", fmt.Errorf("oidc: client_secret: %w", err))
	}
	return &oauth2.Config{
		ClientID:     c.settings.ClientID,
		ClientSecret: secret.Reveal(),
		Endpoint:     oauth2.Endpoint{TokenURL: issuer.token, AuthStyle: c.settings.authStyle(issuer.tokenAuth)},
	}, nil
}

func (c *client) withHTTPClient(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, c.env.HTTPClient)
}

// authStyle returns how the application authenticates at a token endpoint that
// supports these methods; basic is the default of OpenID Connect Discovery 1.0,
// section 3. A client without secret sends its id alone (RFC 6749, section 3.2.1).
func (s Settings) authStyle(supported []string) oauth2.AuthStyle {
	byDiscovery := tokenAuthBasic
	if slices.Contains(supported, "client_secret_post") && !slices.Contains(supported, "client_secret_basic") {
		byDiscovery = tokenAuthPost
	}
	if s.ClientSecret.IsZero() || cmp.Or(s.TokenAuth, byDiscovery) == tokenAuthPost {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

func tokensOf(granted *oauth2.Token) provider.Tokens {
	id, _ := granted.Extra("id_token").(string)
	return provider.Tokens{AccessToken: granted.AccessToken, IDToken: id}
}

// tokenError returns the error of a request to the token endpoint. It contains
// neither the body of the response, which may repeat what was sent, nor more than
// the name of the OAuth error (RFC 6749, section 5.2).
func tokenError(err error) error {
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return autherr.Wrap(autherr.TemporarilyUnavailable, "token_endpoint_failed", fmt.Errorf("oidc: %w", err))
	}
	status := refusal.Response.StatusCode
	failed := autherr.Wrap(autherr.TemporarilyUnavailable, "token_endpoint_failed", fmt.Errorf("oidc: token endpoint: status %d", status))
	switch refusal.ErrorCode {
	case "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
		// The configuration is wrong, which proves nothing about the grant.
		failed.Reason = "client_refused"
		return failed.WithValues("", refusal.ErrorCode)
	case "invalid_grant", "invalid_request":
		return invalid("provider_refused").WithValues("", refusal.ErrorCode)
	}
	if slices.Contains([]int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden}, status) {
		return invalid("provider_refused").WithValues("", refusal.ErrorCode)
	}
	return failed.WithValues("", refusal.ErrorCode)
}

func (s Settings) clientProblems() []config.Problem {
	var problems []config.Problem
	report := func(argument, problem string) {
		problems = append(problems, config.Problem{Argument: argument, Message: problem})
	}
	if s.ClientID == "" {
		for _, a := range []struct {
			name  string
			isSet bool
		}{
			{"client_secret", !s.ClientSecret.IsZero()},
			{"token_auth", s.TokenAuth != ""},
			{"scopes", len(s.Scopes) > 0 && !slices.Equal(s.Scopes, defaultScopes)},
		} {
			if a.isSet {
				report(a.name, "is used with client_id only: add client_id, the id of this application at the issuer, or remove "+a.name)
			}
		}
		return problems
	}
	switch {
	case !slices.Contains(s.Audience, s.ClientID):
		report("client_id", fmt.Sprintf("%q is not in audience: the issuer writes it into the ID tokens of this application, so add it there", s.ClientID))
	case len(s.Tenants) > 1:
		report("client_id", "needs one issuer, and tenants lists several: write one block for each tenant")
	case s.JWKSURL != "" || s.JWKSFile != "":
		report("client_id", "needs the discovery document, which names the endpoints: "+
			"remove jwks_url and jwks_file, so that the keys come from the document too, or remove client_id")
	}
	if !slices.Contains(s.Scopes, "openid") {
		report("scopes", `must contain "openid": without it the issuer returns no ID token`)
	}
	if slices.ContainsFunc(s.Scopes, func(scope string) bool { return !isScope(scope) }) {
		report("scopes", "must consist of printable ASCII characters without space, quote and backslash")
	}
	if !slices.Contains([]string{"", tokenAuthBasic, tokenAuthPost}, s.TokenAuth) {
		report("token_auth", `must be "basic" or "post"`)
	} else if s.TokenAuth != "" && s.ClientSecret.IsZero() {
		report("token_auth", "is used with client_secret only: add client_secret, or remove token_auth")
	}
	return problems
}

var defaultScopes = []string{"openid", "email"}

// isScope reports whether s is a scope-token (RFC 6749, section 3.3).
func isScope(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}
