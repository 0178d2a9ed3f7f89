package core

import (
	"encoding/json"
	"slices"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/web"
)

// payload is the body of a login as the front end sent it. Nothing in it is
// verified. Its refresh token is not read.
type payload struct {
	tokens    provider.Tokens
	hints     hints
	provider  string // "": selected by the token
	session   string // the strategy of the session; "": the default
	transport string // "": the default
	extra     json.RawMessage
}

// maxExtra is the largest member "extra" in bytes.
const maxExtra = 4 << 10

func readPayload(r web.Request) (payload, error) {
	body, err := readMembers(r,
		"email", "phone", "oauth_token", "user", "provider", "session", "transport", "nonce", "extra",
		"access_token", "id_token", "refresh_token", "expires_in", "token_type", "auth_method",
		"ID", "identifier", "issuer", "created_at", "updated_at", "deleted_at",
	)
	if err != nil {
		return payload{}, err
	}
	oauth, user := body.inner("oauth_token"), body.inner("user")
	p := payload{
		tokens: provider.Tokens{
			AccessToken: oauth.text("access_token"),
			IDToken:     oauth.text("id_token"),
			Nonce:       body.text("nonce"),
		},
		hints: hints{
			email:          body.optional("email"),
			phone:          body.optional("phone"),
			userID:         user.optional("ID"),
			userIdentifier: user.optional("identifier"),
			userIssuer:     user.optional("issuer"),
		},
		provider:  body.name("provider"),
		session:   body.name("session"),
		transport: body.name("transport"),
		extra:     body.rawObject("extra", maxExtra),
	}
	if err := body.err(); err != nil {
		return payload{}, err
	}
	if p.tokens.AccessToken == "" && p.tokens.IDToken == "" {
		return payload{}, autherr.New(autherr.InvalidRequest, "no_token")
	}
	return p, nil
}

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
	case bothSet(h.email, id.Email.Value) && identity.FoldEmail(*h.email) != identity.FoldEmail(id.Email.Value):
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

func mismatch(reason string) error {
	return autherr.New(autherr.IdentityMismatch, reason)
}
