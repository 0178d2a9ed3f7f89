package cotter

import (
	"slices"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/token"
)

// accessRules returns what an access token must say beyond what every token
// must. methods are the authentication methods taken; none means any.
func accessRules(methods []string) func(token.Claims) error {
	return func(c token.Claims) error {
		kind := text(c, "type")
		switch {
		case kind != "client_access_token" && kind != "access_token":
			return invalid("wrong_token_type")
		case text(c, "scope") != "access":
			return invalid("wrong_scope")
		case len(methods) > 0 && !slices.Contains(methods, text(c, "authentication_method")):
			return invalid("auth_method_not_allowed")
		}
		return personRules(c)
	}
}

// idRules is what an ID token must say beyond what every token must.
func idRules(c token.Claims) error {
	if text(c, "type") != "client_id_token" {
		return invalid("wrong_token_type")
	}
	if err := personRules(c); err != nil {
		return err
	}
	if text(c, "identifier") == "" {
		return invalid("missing_identifier")
	}
	return nil
}

// personRules is what both kinds of token must say about whom they name. The
// zero UUID is Cotter's word for "no such user".
func personRules(c token.Claims) error {
	if id, err := uuid.Parse(c.Subject); err == nil && id == uuid.Nil {
		return invalid("zero_subject")
	}
	_, present := c.Lookup("identifier")
	if _, ok := c.String("identifier"); present && !ok {
		return invalid("malformed_identifier")
	}
	return nil
}

// match demands that two tokens are about the same person, and returns the
// identifier that is signed in either.
func match(access, id token.Claims) (string, error) {
	if access.Subject != id.Subject {
		return "", invalid("subjects_differ")
	}
	first, second := text(access, "identifier"), text(id, "identifier")
	if first != "" && first != second {
		return "", invalid("identifiers_differ")
	}
	return second, nil
}

// text returns a claim that is a string, "" if it is not there or is not one.
func text(c token.Claims, name string) string {
	s, _ := c.String(name)
	return s
}

func invalid(reason string) error { return autherr.New(autherr.InvalidToken, reason) }
