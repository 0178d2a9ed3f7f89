package verify

import (
	"context"
	"errors"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// LoginByCode verifies the tokens that the provider returned for a code of a flow
// with the nonce in tokens. The ID token must have exactly that nonce, whatever the
// rules demand of a login. See [Set.Login].
func (p *Provider) LoginByCode(ctx context.Context, tokens provider.Tokens) (identity.Identity, string, error) {
	id, err := p.login(ctx, tokens, checkFlowNonce)
	if err == nil && id.Issuer != p.Issuer {
		err = invalid("wrong_flow_issuer").WithValues(p.Issuer, id.Issuer)
	}
	if err != nil {
		return identity.Identity{}, "", err
	}
	return id, tokens.Of(p.Recognizes), nil
}

// checkFlowNonce binds the ID token to the browser that began the flow (OpenID
// Connect Core 1.0, section 3.1.3.7, step 11).
func checkFlowNonce(id token.Claims, nonce string) error {
	signed, _ := id.String("nonce")
	switch {
	case nonce == "" || signed == "":
		return invalid("missing_nonce")
	case signed != nonce:
		return invalid("wrong_nonce").WithValues(nonce, signed)
	default:
		return nil
	}
}

// LoginByRefresh verifies the tokens of a refresh. One that recognizes callers is
// required and suffices: providers need not return a new ID token (OpenID Connect
// Core 1.0, section 12.2). No nonce is compared, and UserInfo is not called.
func (p *Provider) LoginByRefresh(ctx context.Context, tokens provider.Tokens) (identity.Identity, string, error) {
	raw := tokens.Of(p.Recognizes)
	if raw == "" {
		return identity.Identity{}, "", invalid("missing_refreshed_token")
	}
	id, _, err := p.signIn(ctx, tokens, nil)
	if err != nil {
		return identity.Identity{}, "", err
	}
	return p.atPresent(id), raw, nil
}

// checkAbilities returns an error for a driver whose rules contradict its abilities.
func checkAbilities(driver provider.Driver, rules provider.Rules) error {
	if _, redirects := driver.(provider.CodeFlow); redirects && rules.IDToken == nil {
		return errors.New("it signs users in by redirects, and needs rules for ID tokens, which have the nonce")
	}
	return nil
}
