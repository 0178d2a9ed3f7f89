package oidc

import (
	"slices"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
)

// AccessToken is the block `access_token`. With it, access tokens recognize the
// callers of session "provider_token", and ID tokens no longer do: a login there
// needs both, of one user.
type AccessToken struct {
	// Audience lists the accepted audiences: the names of the API. Required.
	Audience []string `hcl:"audience" doc:"the accepted audiences: the names of the API; at least one"`

	// Typed accepts only tokens whose header has typ at+jwt (RFC 9068). false is
	// for issuers that write JWT or nothing. Default true.
	Typed *bool `hcl:"typed,optional" doc:"whether the header must have typ at+jwt; default true; false for issuers that write JWT or nothing"`

	// AudienceClaim is the claim that contains the audience: "aud", "client_id" or
	// "azp". Default "aud".
	AudienceClaim string `hcl:"audience_claim,optional" doc:"the claim that contains the audience: aud, client_id or azp; default aud"`

	// Login accepts an access token at the login without an ID token. It needs
	// Clients: every API of the issuer receives the access tokens of its callers,
	// and could sign in with them.
	Login bool `hcl:"login,optional" doc:"whether an access token suffices for a login; needs clients"`

	// Clients lists the accepted clients: client_id, or azp in a token without it.
	// "" is a token with neither, of an issuer that has one client. Default: any.
	Clients []string `hcl:"clients,optional" doc:"the client_id (or azp) that a token must have; \"\": none; default any"`
}

func (a AccessToken) isTyped() bool { return a.Typed == nil || *a.Typed }

// tokenRules returns the rules of the token kinds.
func (s Settings) tokenRules() provider.Rules {
	var rules provider.Rules
	if len(s.Audience) > 0 {
		rules.IDToken = &provider.TokenRules{Audience: s.Audience, AudienceList: true, Login: true}
	}
	if s.AccessToken != nil {
		rules.AccessToken = s.accessTokenRules(*s.AccessToken)
	}
	return rules
}

func (s Settings) accessTokenRules(a AccessToken) *provider.TokenRules {
	rules := &provider.TokenRules{
		Audience:      a.Audience,
		AudienceClaim: a.AudienceClaim,
		AudienceList:  true,
		Types:         []string{"at+jwt"},
		Login:         a.Login,
	}
	if len(a.Clients) > 0 {
		rules.Clients = a.Clients
	}
	if !a.isTyped() {
		rules.Types = []string{"at+jwt", "JWT", ""}
	}
	if s.mayShareClientID() {
		rules.TypeClaim, rules.TypeValues = "token_use", []string{"access"}
	}
	return rules
}

// mayShareClientID reports whether a client id is the audience of both kinds. An
// access token is then one only with token_use "access", and an ID token only
// without client_id.
func (s Settings) mayShareClientID() bool {
	a := s.AccessToken
	return a != nil && !a.isTyped() && a.AudienceClaim == "client_id" &&
		slices.ContainsFunc(a.Audience, func(audience string) bool { return slices.Contains(s.Audience, audience) })
}

func (s Settings) accessTokenProblems() []config.Problem {
	a := s.AccessToken
	if a == nil {
		return nil
	}
	var problems []config.Problem
	report := func(argument, problem string) {
		problems = append(problems, config.Problem{Argument: "access_token." + argument, Message: problem})
	}
	if !slices.Contains([]string{"", "aud", "client_id", "azp"}, a.AudienceClaim) {
		report("audience_claim", `must be "aud", "client_id" or "azp"`)
	} else if err := s.tokenRules().Exclusive(); err != nil {
		report("audience", `has a name that audience has too, so that an access token could be accepted as an ID token, and the reverse: use different ones, or typed = true`)
	}
	if len(a.Audience) == 0 || slices.Contains(a.Audience, "") {
		report("audience", "must name at least one API, and no empty one")
	}
	if a.Login && len(a.Clients) == 0 {
		report("login", "needs clients: every API of the issuer receives the access tokens of its callers and could sign in with them, so list the clients whose tokens may")
	}
	return problems
}
