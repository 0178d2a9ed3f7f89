package provider

import (
	"context"
	"errors"
	"slices"

	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/token"
)

// Rules declare which tokens are valid for a provider block. The required fields
// are Issuer, Algorithms, Keys, and AccessToken or IDToken; if there are both, one
// of them needs Login.
//
// Whatever they contain, a token must be a signed JWT in compact form (RFC 7515,
// RFC 7519) of at most 32 KiB, at a request 16 KiB, with a valid lifetime (iat,
// exp and, if present, nbf) and subject. Header members that would change what is verified or with
// which key (crit, b64, zip, enc, cty, jwk, jku, x5u, x5c) are always rejected.
type Rules struct {
	Issuer     string   // iss, compared byte-wise; as identity.IsIssuer demands
	Algorithms []string // accepted alg, such as "ES256"; never none, never HMAC
	Keys       Keys     // see Env.RemoteKeys and StaticKeys

	// MoreIssuers contains further accepted iss, each with its keys and its own
	// identities.
	MoreIssuers map[string]Keys

	// IssuerAliases lists other iss of Issuer. In the claims that Check and Identify
	// get, Issuer replaces them, so that the identity is the same.
	IssuerAliases []string

	// AccessToken and IDToken are the rules of each token kind. A kind without
	// rules is not accepted: at a login its token is ignored, and compared with
	// at_hash only. Callers of session "provider_token" are recognized by access
	// tokens if these have rules, else by ID tokens.
	//
	// If both are posted at a login, both must be valid, with the same issuer and
	// subject, and at_hash must match if it is present (OpenID Connect Core 1.0,
	// section 3.1.3.6).
	AccessToken, IDToken *TokenRules

	// LogoutTokens means that the issuer posts logout tokens (OpenID Connect
	// Back-Channel Logout 1.0, section 2.4) to {auth.path}/backchannel/{name of the
	// block}, with the audience of IDToken, which is required then. The kit verifies
	// them by the same rules, without Check. It ends the sessions that began with a token of
	// the same sid, or of the user whose SubjectClaim the token has.
	LogoutTokens bool

	KeyIDRequired bool // rejects a header without kid
	PlainHeader   bool // rejects header members other than alg, kid and typ, and a typ with "application/"

	// Check rejects claims beyond the rules above. It depends on its arguments
	// alone, and its error has code InvalidToken. nil: no further rules.
	Check func(kind TokenKind, claims token.Claims) error

	// UserInfo returns the issuer's claims of an access token's user; see
	// [Env.UserInfo]. The kit calls it at a login with an access token for which Identify returned no
	// email, and calls Identify again with the result, of which it uses the contacts
	// alone. At a login without access token the stored contacts remain. nil: the
	// tokens contain all contacts.
	//
	// Claims with another sub than the token's are rejected (OpenID Connect Core 1.0,
	// section 5.3.2).
	UserInfo func(ctx context.Context, issuer, accessToken string) (token.Claims, error)

	// CheckNonce compares the nonce that was posted with a login with that of the
	// ID token. The claims are zero if there is none, the posted nonce is "" if
	// there is none. Its error has code InvalidToken. nil: the posted nonce is
	// ignored.
	CheckNonce func(id token.Claims, posted string) error

	// IsMachine reports whether a valid token belongs to a machine and not to a user.
	// The kit recognizes the usual claims itself: sub is client_id, azp or cid, or azp
	// and "@clients"; idtyp is "app"; gty contains "client-credentials". nil: no
	// others.
	IsMachine func(c token.Claims) bool

	// SubjectClaim is the JSON Pointer (RFC 6901) to the claim that Identify
	// returns as the subject. Two blocks with the same issuer must have the same,
	// or the user of one could be another user of the other. Default: "/sub".
	SubjectClaim string

	// DefaultTrust lists the contacts, "email" and "phone", that are trusted where
	// the block has no `trust`. It is for a provider that is part of the program.
	// Default: none.
	DefaultTrust []string
}

// TokenRules declare which tokens of one kind are valid. Audience is required.
//
// Whatever they contain, a token that is recognizably of another kind is
// rejected: a refresh token, a logout token (OpenID Connect Back-Channel Logout
// 1.0), a security event token (RFC 8417), a sender-constrained token (RFC 9449,
// RFC 8705), an access token where an ID token is due, and the reverse. If both
// kinds have rules, these must exclude each other; see [Rules.Exclusive].
type TokenRules struct {
	Audience []string // the audience must be one of these

	// AudienceClaim is the claim that contains the audience. "" means aud. Access
	// tokens alone may have another one: an issuer without aud there uses "client_id"
	// or "azp".
	AudienceClaim string

	AudienceList bool // accepts the audience as a list

	// Types lists the accepted typ of the header, "" being a header without it: of
	// ID tokens "JWT" and "", of access tokens "at+jwt" (RFC 9068) too. ASCII case
	// is ignored, and "application/" before it. nil: "JWT" and "".
	Types []string

	// TypeClaim is a claim by which the issuer distinguishes token kinds, such as
	// "token_use"; its value must be one of TypeValues. "": there is none.
	TypeClaim  string
	TypeValues []string

	// Clients lists the accepted clients of access tokens: client_id, or azp in a
	// token without it; "" is a token with neither. nil: any.
	Clients []string

	// Login means that a token of this kind suffices for a login. Otherwise it is
	// accepted next to one of the other kind; the only kind with rules suffices
	// always.
	Login bool
}

// Of returns the rules of that kind, nil if it is not accepted.
func (r Rules) Of(kind TokenKind) *TokenRules {
	if kind == IDToken {
		return r.IDToken
	}
	return r.AccessToken
}

// Exclusive returns an error if both kinds have rules and a token could be valid
// as either. An access token is no ID token if one of these holds:
//   - its header must have typ at+jwt;
//   - its TypeClaim is one that ID tokens lack or have with other values;
//   - the kinds have no audience in common.
func (r Rules) Exclusive() error {
	access, id := r.AccessToken, r.IDToken
	if access == nil || id == nil || access.IsTyped() || access.differsInType(id) {
		return nil
	}
	if !slices.ContainsFunc(access.Audience, func(audience string) bool { return slices.Contains(id.Audience, audience) }) {
		return nil
	}
	return errors.New("could be accepted as an ID token: let it have another audience, or typ at+jwt in its header")
}

// IsTyped reports whether the header must have typ at+jwt.
func (t TokenRules) IsTyped() bool {
	return len(t.Types) == 1 && t.Types[0] == "at+jwt"
}

// differsInType reports whether no ID token has the access tokens' TypeClaim.
func (t TokenRules) differsInType(id *TokenRules) bool {
	other := id.TypeValues
	switch t.TypeClaim {
	case "":
		return false
	case "typ":
		other = []string{"ID"}
	case "token_use":
		other = []string{"id"}
	default:
		if t.TypeClaim != id.TypeClaim {
			return false
		}
	}
	return !slices.ContainsFunc(t.TypeValues, func(value string) bool { return slices.Contains(other, value) })
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
