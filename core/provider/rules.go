package provider

import (
	"context"

	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/token"
)

// Rules declare which tokens are valid for a provider block. The required fields
// are Issuer, Audience, Algorithms and Keys.
//
// Whatever they contain, a token must be a signed JWT in compact form (RFC 7515,
// RFC 7519) of at most 8 KiB, with a valid lifetime (iat, exp and, if present,
// nbf) and subject. Header members that would change what is verified or with
// which key (crit, b64, zip, enc, cty, jwk, jku, x5u, x5c) are always rejected.
type Rules struct {
	Issuer     string   // iss, compared byte-wise; as identity.IsIssuer demands
	Audience   []string // aud must be one of these
	Algorithms []string // accepted alg, such as "ES256"; never none, never HMAC
	Keys       Keys     // see Env.RemoteKeys and StaticKeys

	// Recognizes is the token kind that each login needs, and that recognizes
	// callers in session "provider_token". Default: [AccessToken].
	Recognizes TokenKind

	// VerifyBoth demands that a token of the other kind is valid too, where there
	// is one, and has the same subject. Default: it is passed to Identify
	// unverified.
	VerifyBoth bool

	Types         []string // accepted typ in the header; nil: "JWT". A header without typ is accepted.
	AudienceList  bool     // accepts aud as a list; with several elements azp must be in Audience
	KeyIDRequired bool     // rejects a header without kid
	PlainHeader   bool     // rejects header members other than alg, kid and typ

	// Check rejects claims beyond the rules above. It depends on its arguments
	// alone, and its error has code InvalidToken. nil: no further rules.
	Check func(kind TokenKind, claims token.Claims) error

	// UserInfo returns the claims of an access token's user; see [Env.UserInfo]. The kit calls it at a login with an access token for which
	// Identify returned no email, and calls Identify again with the result, of which
	// it uses the contacts alone. At a login without access token the stored contacts
	// remain. nil: the tokens contain all contacts.
	//
	// Claims with another sub than the token's are rejected (OpenID Connect Core 1.0,
	// section 5.3.2).
	UserInfo func(ctx context.Context, accessToken string) (token.Claims, error)

	// SubjectClaim is the JSON Pointer (RFC 6901) to the claim that Identify
	// returns as the subject. Two blocks with the same issuer must have the same,
	// or the user of one could be another user of the other. Default: "/sub".
	SubjectClaim string

	// DefaultTrust lists the contacts, "email" and "phone", that are trusted where
	// the block has no `trust`. It is for a provider that is part of the program.
	// Default: none.
	DefaultTrust []string
}

// Keys are a provider's public keys, and where they come from.
type Keys struct {
	token.KeySet

	// Source is the address or file of the keys. Two blocks with the same issuer
	// must have the same source.
	Source string
}

// StaticKeys returns keys that never change, from a JWK Set document (RFC 7517,
// section 5). Entries that are not usable are skipped. The error lists the causes
// if no key is usable.
func StaticKeys(source string, document []byte) (Keys, error) {
	set, err := jwt.StaticJWKS(document)
	if err != nil {
		return Keys{}, err
	}
	return Keys{KeySet: set, Source: source}, nil
}
