package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// kind is what distinguishes one token kind from all others, at every issuer. No
// driver can change it (RFC 8725, sections 3.11 and 3.12).
type kind struct {
	types     []string          // typ of the header; "": none
	values    map[string]string // claims that are absent or have that value
	forbidden []string          // claims that tokens of another kind have
}

var kinds = [...]kind{
	provider.AccessToken: {
		types:     []string{"at+jwt", "JWT", ""},
		values:    map[string]string{"typ": "Bearer", "token_use": "access"}, // Keycloak; Cognito
		forbidden: []string{"events"},                                        // RFC 8417
	},
	provider.IDToken: {
		types:     []string{"JWT", ""},
		values:    map[string]string{"typ": "ID", "token_use": "id"},
		forbidden: []string{"events", "scp", "cid", "gty"}, // Entra has scp, Okta both, Auth0 gty
	},
}

// idTokenClaims are the claims of ID tokens that no access token has. An access
// token with typ at+jwt is distinguished by that alone.
var idTokenClaims = []string{"nonce", "at_hash", "c_hash"}

// check rejects the claims of tokens of another kind.
func (k kind) check(c token.Claims, r provider.TokenRules) error {
	for name, want := range k.values {
		if _, present := c.Lookup(name); !present {
			continue
		}
		if err := mustBe(c, name, want); err != nil {
			return err
		}
	}
	for _, name := range k.forbidden {
		if _, present := c.Lookup(name); present {
			return invalid("wrong_token_kind").WithValues("no "+name, name)
		}
	}
	if _, present := c.Lookup("cnf"); present {
		return invalid("sender_constrained") // RFC 9449, RFC 8705: it is no bearer token
	}
	if r.TypeClaim == "" {
		return nil
	}
	return mustBe(c, r.TypeClaim, r.TypeValues...)
}

// mustBe demands that a claim is one of the strings.
func mustBe(c token.Claims, name string, values ...string) error {
	value, ok := c.String(name)
	if ok && slices.Contains(values, value) {
		return nil
	}
	return invalid("wrong_token_type").WithValues(strings.Join(values, " "), value)
}

// checkAccess rejects the claims of ID tokens, and other clients.
func checkAccess(c token.Claims, r provider.TokenRules) error {
	if !r.IsTyped() {
		for _, name := range idTokenClaims {
			if _, present := c.Lookup(name); present {
				return invalid("wrong_token_kind").WithValues("no "+name, name)
			}
		}
	}
	if client, ok := clientOf(c); r.Clients != nil && (!ok || !slices.Contains(r.Clients, client)) {
		return invalid("wrong_client").WithValues(strings.Join(r.Clients, " "), client)
	}
	return nil
}

// clientOf returns the client that a token was issued to, "" if it contains
// none. ok is false if it is malformed.
func clientOf(c token.Claims) (client string, ok bool) {
	for _, name := range []string{"client_id", "azp"} {
		if _, present := c.Lookup(name); present {
			return c.String(name)
		}
	}
	return "", true
}

// checkID rejects a token of an application without a user (Entra).
func checkID(c token.Claims) error {
	if typ, _ := c.String("idtyp"); typ == "app" {
		return invalid("wrong_token_kind").WithValues("a user's token", "idtyp app")
	}
	return nil
}

// checkKind returns the rules for the claims of a kind.
func checkKind(of provider.TokenKind, r provider.TokenRules) func(token.Claims) error {
	return func(c token.Claims) error {
		if err := kinds[of].check(c, r); err != nil {
			return err
		}
		if of == provider.IDToken {
			return checkID(c)
		}
		return checkAccess(c, r)
	}
}

// checkRules returns an error if the rules of a driver accept tokens of other
// kinds, or could not accept a login.
func checkRules(r provider.Rules) error {
	accepts := false
	for of := range kinds {
		t := r.Of(provider.TokenKind(of))
		if t == nil {
			continue
		}
		accepts = accepts || suffices(r, provider.TokenKind(of))
		for _, typ := range t.Types {
			if !slices.Contains(kinds[of].types, typ) {
				return fmt.Errorf("its rules accept typ %q, which is that of another token kind", typ)
			}
		}
	}
	if !accepts {
		return errors.New("its rules have no token kind that suffices for a login")
	}
	if id := r.IDToken; id != nil && (id.AudienceClaim != "" || id.Clients != nil) {
		return errors.New("its rules of ID tokens have an audience claim or clients, which only access tokens have")
	}
	if err := r.Exclusive(); err != nil {
		return fmt.Errorf("an access token %w", err)
	}
	return nil
}

// withTokenRules returns the policy of a token kind.
func withTokenRules(policy jwt.Policy, of provider.TokenKind, r provider.TokenRules) jwt.Policy {
	policy.Audience = r.Audience
	policy.AudienceClaim = r.AudienceClaim
	policy.AudienceList = r.AudienceList
	policy.AuthorizedParty = of == provider.IDToken
	policy.Types = r.Types
	policy.CheckKind = checkKind(of, r)
	return policy
}

func invalid(reason string) *autherr.Error { return autherr.New(autherr.InvalidToken, reason) }
