package account

import (
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Hints is what the body of a login says about who signs in. None of it is
// signed, so none of it is believed, stored or logged: it is compared with
// what is signed, and forgotten. A nil hint was not given.
type Hints struct {
	Email          *string // "email"
	Phone          *string // "phone"
	UserID         *string // "user.ID": the subject
	UserIdentifier *string // "user.identifier"
	UserIssuer     *string // "user.issuer": at Cotter the API key, which the token has as its audience
}

// Check returns nil if no hint contradicts the verified identity. A hint about
// something that the provider did not sign contradicts nothing. Email is compared
// without regard to ASCII case, all else byte by byte.
//
// Errors by code: IdentityMismatch, with a reason that names the first hint
// that differs.
func (h Hints) Check(id identity.Identity) error {
	switch {
	case given(h.Email, id.Email.Value) && lower(*h.Email) != lower(id.Email.Value):
		return mismatch("email_differs")
	case given(h.Phone, id.Phone.Value) && *h.Phone != id.Phone.Value:
		return mismatch("phone_differs")
	case given(h.UserIdentifier, id.Identifier) && *h.UserIdentifier != id.Identifier:
		return mismatch("user_identifier_differs")
	case h.UserID != nil && *h.UserID != id.Subject:
		return mismatch("user_id_differs")
	case h.UserIssuer != nil && !slices.Contains(id.Audience, *h.UserIssuer):
		return mismatch("user_issuer_differs")
	}
	return nil
}

// given reports whether there are both a hint and something to compare it with.
func given(hint *string, signed string) bool { return hint != nil && signed != "" }

// lower maps A-Z to a-z and leaves everything else alone: Unicode's idea of
// case would make different addresses equal.
func lower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, text)
}

func mismatch(reason string) error {
	return autherr.New(autherr.IdentityMismatch, reason)
}
