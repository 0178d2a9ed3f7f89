package core

import (
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/web"
)

// payload is the body of a login: what the front end hands over, none of it
// believed. The refresh token that it may hold is not read.
type payload struct {
	credential provider.Credential
	hints      account.Hints
	provider   string // "": found by the token
	transport  string // "": the default
}

func readPayload(r web.Request) (payload, error) {
	body, err := readObject(r,
		"email", "phone", "oauth_token", "user", "provider", "transport",
		"access_token", "id_token", "refresh_token", "expires_in", "token_type", "auth_method",
		"ID", "identifier", "issuer", "created_at", "updated_at", "deleted_at",
	)
	if err != nil {
		return payload{}, err
	}
	var p payload
	if p.credential, err = readCredential(body); err != nil {
		return payload{}, err
	}
	if p.hints, err = readHints(body); err != nil {
		return payload{}, err
	}
	if p.provider, err = name(body, "provider"); err != nil {
		return payload{}, err
	}
	p.transport, err = name(body, "transport")
	return p, err
}

func readCredential(body strictjson.Object) (provider.Credential, error) {
	tokens, err := object(body, "oauth_token")
	if err != nil {
		return provider.Credential{}, err
	}
	var c provider.Credential
	if c.AccessToken, err = text(tokens, "access_token"); err != nil {
		return provider.Credential{}, err
	}
	if c.IDToken, err = text(tokens, "id_token"); err != nil {
		return provider.Credential{}, err
	}
	if c.AccessToken == "" && c.IDToken == "" {
		return provider.Credential{}, autherr.New(autherr.InvalidRequest, "no_token")
	}
	return c, nil
}

func readHints(body strictjson.Object) (account.Hints, error) {
	user, err := object(body, "user")
	if err != nil {
		return account.Hints{}, err
	}
	var h account.Hints
	for _, member := range []struct {
		of   strictjson.Object
		name string
		to   **string
	}{
		{body, "email", &h.Email},
		{body, "phone", &h.Phone},
		{user, "ID", &h.UserID},
		{user, "identifier", &h.UserIdentifier},
		{user, "issuer", &h.UserIssuer},
	} {
		if *member.to, err = optionalText(member.of, member.name); err != nil {
			return account.Hints{}, err
		}
	}
	return h, nil
}
