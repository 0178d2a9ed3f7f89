package emulator

import (
	"encoding/base64"
	"net/url"

	"github.com/cotterpin/cotterpin/core/identity"
)

// application is what an application wants when it sends somebody to the hosted
// page: where to return to, with what, and whose proof to demand at the
// exchange of the code (PKCE, RFC 7636, always S256).
type application struct {
	redirect  *url.URL
	state     string
	challenge string // code_challenge
	kind      string // EMAIL or PHONE
}

const (
	kindEmail = "EMAIL"
	kindPhone = "PHONE"

	maxParameter = 2048 // bytes of state and of redirect_url
)

// parseApplication reads the query of the hosted page.
func (e *Emulator) parseApplication(query url.Values) (application, error) {
	if query.Get("api_key") != e.options.APIKeyID {
		return application{}, badRequest("The parameter api_key is not the API key of this emulator.")
	}
	text := query.Get("redirect_url")
	redirect, err := parseWebURL(text)
	switch {
	case err != nil || len(text) > maxParameter:
		return application{}, badRequest("The parameter redirect_url must be an absolute http or https URL.")
	case !e.mayReturnTo(redirect):
		return application{}, badRequest("The parameter redirect_url leads to another machine. The emulator returns to loopback addresses and to its own origin.")
	}
	a := application{
		redirect:  redirect,
		state:     query.Get("state"),
		challenge: query.Get("code_challenge"),
		kind:      query.Get("type"),
	}
	return a, a.check(query.Get("auth_method"))
}

func (a application) check(authMethod string) error {
	switch {
	case a.state == "" || len(a.state) > maxParameter:
		return badRequest("The parameter state is missing or too long.")
	case !isS256(a.challenge):
		return badRequest("The parameter code_challenge must be a SHA-256 in unpadded base64url.")
	case a.kind != kindEmail && a.kind != kindPhone:
		return badRequest("The parameter type must be EMAIL or PHONE.")
	case authMethod != "" && authMethod != "OTP" && authMethod != "MAGIC_LINK":
		return badRequest("The parameter auth_method must be OTP or MAGIC_LINK.")
	}
	return nil
}

func isS256(challenge string) bool {
	digest, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	return err == nil && len(digest) == 32
}

// returning returns the application's URL with parameters added and the state
// given back.
func (a application) returning(parameters url.Values) string {
	target := *a.redirect
	query := target.Query()
	for name := range parameters {
		query.Set(name, parameters.Get(name))
	}
	query.Set("state", a.state)
	target.RawQuery = query.Encode()
	target.Fragment, target.RawFragment = "", ""
	return target.String()
}

// refused is where somebody goes who does not sign in.
func (a application) refused() string {
	return a.returning(url.Values{"error": {"access_denied"}})
}

// again returns the path and query that open the hosted page anew.
func (a application) again(basePath, apiKeyID string) string {
	query := url.Values{
		"api_key":        {apiKeyID},
		"redirect_url":   {a.redirect.String()},
		"state":          {a.state},
		"code_challenge": {a.challenge},
		"type":           {a.kind},
	}
	return basePath + appPath + "?" + query.Encode()
}

// takes reports whether the identifier is of the kind that the application
// wants.
func (a application) takes(identifier string) bool {
	if a.kind == kindPhone {
		return identity.IsPhone(identifier)
	}
	return identity.IsEmail(identifier)
}

func (a application) identifierHint() string {
	if a.kind == kindPhone {
		return "Enter a phone number with its country code, such as +442079460000."
	}
	return "Enter an e-mail address, such as ada@example.com."
}
