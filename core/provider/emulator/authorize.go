package emulator

import (
	"encoding/base64"
	"net/url"

	"github.com/cotterpin/cotterpin/core/identity"
)

// authorizeRequest is the request with which an application opens the hosted
// page. The code is exchanged with PKCE (RFC 7636), always S256.
type authorizeRequest struct {
	redirect       *url.URL
	embedder       string // origin of the page around the form; "" for the hosted page
	state          string
	codeChallenge  string
	identifierType string // EMAIL or PHONE
}

const (
	typeEmail = "EMAIL"
	typePhone = "PHONE"

	methodOTP       = "OTP"
	methodMagicLink = "MAGIC_LINK"

	maxParameter = 2048 // bytes of state and of redirect_url
)

// parseAuthorizeRequest parses the query of the hosted page.
func (e *Emulator) parseAuthorizeRequest(query url.Values) (authorizeRequest, error) {
	return e.newAuthorizeRequest(query, query.Get("redirect_url"), query.Get("code_challenge"))
}

// newAuthorizeRequest parses the parameters that the hosted page and the form of
// the browser SDK have in common.
func (e *Emulator) newAuthorizeRequest(query url.Values, redirectURL, codeChallenge string) (authorizeRequest, error) {
	if query.Get("api_key") != e.options.APIKeyID {
		return authorizeRequest{}, badRequest("The parameter api_key is not the API key of this emulator.")
	}
	redirect, err := parseWebURL(redirectURL)
	switch {
	case err != nil || len(redirectURL) > maxParameter:
		return authorizeRequest{}, badRequest("The parameter redirect_url must be an absolute http or https URL.")
	case !e.allowsRedirect(redirect):
		return authorizeRequest{}, badRequest("The parameter redirect_url leads to another machine. The emulator redirects to loopback addresses and to its own origin.")
	}
	r := authorizeRequest{
		redirect:       redirect,
		state:          query.Get("state"),
		codeChallenge:  codeChallenge,
		identifierType: query.Get("type"),
	}
	return r, r.validate(query.Get("auth_method"))
}

func (r authorizeRequest) validate(authMethod string) error {
	switch {
	case r.state == "" || len(r.state) > maxParameter:
		return badRequest("The parameter state is missing or too long.")
	case !isS256(r.codeChallenge):
		return badRequest("The parameter code_challenge must be a SHA-256 in unpadded base64url.")
	case r.identifierType != typeEmail && r.identifierType != typePhone:
		return badRequest("The parameter type must be EMAIL or PHONE.")
	case authMethod != "" && authMethod != methodOTP && authMethod != methodMagicLink:
		return badRequest("The parameter auth_method must be OTP or MAGIC_LINK.")
	}
	return nil
}

func isS256(challenge string) bool {
	digest, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	return err == nil && len(digest) == 32
}

// redirectWith returns the application's URL with parameters.
func (r authorizeRequest) redirectWith(parameters url.Values) string {
	target := *r.redirect
	query := target.Query()
	for name := range parameters {
		query.Set(name, parameters.Get(name))
	}
	target.RawQuery = query.Encode()
	target.Fragment, target.RawFragment = "", ""
	return target.String()
}

// deniedURL returns the application's URL for a user who does not sign in.
func (r authorizeRequest) deniedURL() string {
	return r.redirectWith(url.Values{"error": {"access_denied"}, "state": {r.state}})
}

// path returns the path and query that open the hosted page for the same request.
func (r authorizeRequest) path(basePath, apiKeyID string) string {
	query := url.Values{
		"api_key":        {apiKeyID},
		"redirect_url":   {r.redirect.String()},
		"state":          {r.state},
		"code_challenge": {r.codeChallenge},
		"type":           {r.identifierType},
	}
	return basePath + appPath + "?" + query.Encode()
}

// accepts reports whether the identifier has the requested type.
func (r authorizeRequest) accepts(identifier string) bool {
	if r.identifierType == typePhone {
		return identity.IsPhone(identifier)
	}
	return identity.IsEmail(identifier)
}

func (r authorizeRequest) identifierHint() string {
	if r.identifierType == typePhone {
		return "Enter a phone number with its country code, such as +442079460000."
	}
	return "Enter an email address, such as ada@example.com."
}
