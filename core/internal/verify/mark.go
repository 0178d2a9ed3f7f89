package verify

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// SessionMark identifies a provider's session in the database; "" for an empty sid.
func SessionMark(issuer, sid string) string { return mark("sid", issuer, sid) }

// MessageMark identifies a message of an issuer in the database; "" for an empty
// id.
func MessageMark(issuer, id string) string { return mark("jti", issuer, id) }

// mark returns a digest, because ids of providers have any length and characters. A
// line break separates the parts: an issuer contains none.
func mark(claim, issuer, id string) string {
	if id == "" {
		return ""
	}
	digest := sha256.Sum256([]byte(claim + "\n" + issuer + "\n" + id))
	return hex.EncodeToString(digest[:])
}

// providerSession returns the mark of the session at the provider to which the
// tokens belong, "" if they have no sid that is a string.
func providerSession(v provider.Verified) string {
	for _, c := range []token.Claims{v.IDToken, v.AccessToken} {
		if sid, _ := c.String("sid"); sid != "" {
			return SessionMark(c.Issuer, sid)
		}
	}
	return ""
}
