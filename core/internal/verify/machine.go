package verify

import (
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// isMachine reports whether a token of the sign-in or request belongs to a
// machine: a program that got it for itself, by the grant client_credentials (RFC
// 6749, section 4.4).
func (p *Provider) isMachine(v provider.Verified) bool {
	return slices.ContainsFunc(tokenKinds, func(kind provider.TokenKind) bool {
		c := v.Of(kind)
		return c.Subject != "" && (isClient(c) || p.rules.IsMachine != nil && p.rules.IsMachine(c))
	})
}

// isClient reports whether the claims are those that issuers write for a client
// without a user. RFC 9068, section 2.2, has the client as sub; Auth0 its id with
// "@clients", and gty; Okta cid; Entra idtyp.
func isClient(c token.Claims) bool {
	for _, name := range []string{"client_id", "azp", "cid"} {
		if client, _ := c.String(name); client == c.Subject {
			return true
		}
	}
	azp, isString := c.String("azp")
	return isString && c.Subject == azp+"@clients" || c.Has("idtyp", "app") || grants(c, "client-credentials")
}

// grants reports whether gty, a string of words or a list, contains a grant.
func grants(c token.Claims, grant string) bool {
	words, _ := c.String("gty")
	list, _ := c.Strings("gty")
	return slices.Contains(append(strings.Fields(words), list...), grant)
}
