package core

import (
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// hints are the members of a login's body that describe the user. They are not
// signed, so they are neither trusted nor stored nor logged: they are compared
// with what is signed. nil: the body has no such member.
type hints struct {
	email          *string // "email"
	phone          *string // "phone"
	userID         *string // "user.ID": the subject
	userIdentifier *string // "user.identifier"
	userIssuer     *string // "user.issuer": at Cotter the API key, which is the token's audience
}

// check returns nil if no hint contradicts the verified identity. A hint for which
// the provider signed nothing contradicts nothing. The email is compared without
// regard to ASCII case, everything else byte-wise.
//
// Errors by code: IdentityMismatch, with a reason that names the first hint that
// differs.
func (h hints) check(id identity.Identity) error {
	switch {
	case bothSet(h.email, id.Email.Value) && lowerASCII(*h.email) != lowerASCII(id.Email.Value):
		return mismatch("email_differs")
	case bothSet(h.phone, id.Phone.Value) && *h.phone != id.Phone.Value:
		return mismatch("phone_differs")
	case bothSet(h.userIdentifier, id.Identifier) && *h.userIdentifier != id.Identifier:
		return mismatch("user_identifier_differs")
	case h.userID != nil && *h.userID != id.Subject:
		return mismatch("user_id_differs")
	case h.userIssuer != nil && !slices.Contains(id.Audience, *h.userIssuer):
		return mismatch("user_issuer_differs")
	}
	return nil
}

func bothSet(hint *string, signed string) bool { return hint != nil && signed != "" }

// lowerASCII maps A-Z to a-z. Unicode case folding would make different addresses
// equal.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

func mismatch(reason string) error {
	return autherr.New(autherr.IdentityMismatch, reason)
}
