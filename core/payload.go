package core

import (
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/web"
)

// payload is the body of a login as the front end sent it. Nothing in it is
// verified. Its refresh token is not read.
type payload struct {
	tokens    provider.Tokens
	hints     hints
	provider  string // "": selected by the token
	transport string // "": the default
}

func readPayload(r web.Request) (payload, error) {
	body, err := readMembers(r,
		"email", "phone", "oauth_token", "user", "provider", "transport",
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
		},
		hints: hints{
			email:          body.optional("email"),
			phone:          body.optional("phone"),
			userID:         user.optional("ID"),
			userIdentifier: user.optional("identifier"),
			userIssuer:     user.optional("issuer"),
		},
		provider:  body.name("provider"),
		transport: body.name("transport"),
	}
	if err := body.err(); err != nil {
		return payload{}, err
	}
	if p.tokens.AccessToken == "" && p.tokens.IDToken == "" {
		return payload{}, autherr.New(autherr.InvalidRequest, "no_token")
	}
	return p, nil
}
