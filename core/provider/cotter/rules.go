package cotter

import (
	"slices"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// check rejects claims that are not those of a Cotter token of that kind.
func (d *driver) check(kind provider.TokenKind, c token.Claims) error {
	if kind == provider.IDToken {
		return checkIDToken(c)
	}
	return checkAccessToken(c, d.settings.AuthMethods)
}

// checkAccessToken accepts any authentication method if none is listed.
func checkAccessToken(c token.Claims, methods []string) error {
	tokenType := stringClaim(c, "type")
	switch {
	case tokenType != "client_access_token" && tokenType != "access_token":
		return invalid("wrong_token_type")
	case stringClaim(c, "scope") != "access":
		return invalid("wrong_scope")
	case len(methods) > 0 && !slices.Contains(methods, stringClaim(c, "authentication_method")):
		return invalid("auth_method_not_allowed")
	default:
		return checkUser(c)
	}
}

func checkIDToken(c token.Claims) error {
	if stringClaim(c, "type") != "client_id_token" {
		return invalid("wrong_token_type")
	}
	if err := checkUser(c); err != nil {
		return err
	}
	if stringClaim(c, "identifier") == "" {
		return invalid("missing_identifier")
	}
	return nil
}

// checkUser applies to both kinds. The zero UUID is Cotter's "no such user".
func checkUser(c token.Claims) error {
	if id, err := uuid.Parse(c.Subject); err == nil && id == uuid.Nil {
		return invalid("zero_subject")
	}
	_, present := c.Lookup("identifier")
	if _, isString := c.String("identifier"); present && !isString {
		return invalid("malformed_identifier")
	}
	return nil
}

// stringClaim returns a claim that is a string, "" if it is missing or is of
// another type.
func stringClaim(c token.Claims, name string) string {
	s, _ := c.String(name)
	return s
}

func invalid(reason string) error { return autherr.New(autherr.InvalidToken, reason) }
