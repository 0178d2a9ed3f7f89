package core

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/web"
)

// codeFlow signs users in at a provider by redirects (RFC 6749, section 4.1; RFC
// 7636), into a session in a cookie. It needs no script in the browser.
type codeFlow struct {
	*Kit

	provider *verify.Provider
	with     provider.CodeFlow
	block    *sessionBlock
}

// addCodeFlows adds the routes of the providers that can redirect.
func (k *Kit) addCodeFlows(routes map[string]methods) {
	for _, p := range k.providers.All() {
		if flow, ok := k.codeFlow(p); ok && p.Enabled() {
			routes["/login/"+p.Name] = methods{{visit, "redirect to the provider", flow.begin}}
			routes["/callback/"+p.Name] = methods{{visit, "complete a sign-in by redirects", redirectFailures(k.limited(flow.complete))}}
		}
	}
}

// codeFlow returns false if the provider cannot redirect, or no session can travel in
// a cookie.
func (k *Kit) codeFlow(p *verify.Provider) (codeFlow, bool) {
	with := p.CodeFlow()
	for _, strategy := range []string{config.StrategyOwn, config.StrategyProviderToken} {
		if b := k.block(strategy); b != nil && b.usesCookies() && with != nil {
			return codeFlow{k, p, with, b}, true
		}
	}
	return codeFlow{}, false
}

// redirectURI is where the provider redirects the browser back to.
func (f codeFlow) redirectURI() string {
	return f.auth.BaseURL + f.auth.Path + "/callback/" + f.provider.Name
}

// begin redirects to the provider.
func (f codeFlow) begin(ctx context.Context, r web.Request) (web.Response, error) {
	query, err := readQuery(r, "return_to", "prompt", "max_age", "acr_values")
	if err != nil {
		return web.Response{}, err
	}
	returnTo, ok := f.returnURLs.Location(query["return_to"])
	if !ok {
		return web.Response{}, autherr.New(autherr.InvalidRequest, "bad_return_to")
	}
	for _, name := range []string{"prompt", "max_age", "acr_values"} {
		if !isFlowParameter(query[name]) {
			return web.Response{}, autherr.New(autherr.InvalidRequest, "bad_"+name)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	state, nonce, verifier := rand.Text(), rand.Text(), rand.Text()+rand.Text()
	address, namesIssuer, err := f.with.AuthCodeURL(ctx, provider.AuthRequest{
		RedirectURI: f.redirectURI(), State: state, Nonce: nonce, Verifier: verifier,
		Prompt: query["prompt"], MaxAge: query["max_age"], ACRValues: query["acr_values"],
	})
	if err != nil {
		return web.Response{}, err
	}
	lines, ok := f.flows.Begin(r, state, httpapi.Flow{
		Provider: f.provider.Name, Issuer: f.provider.Issuer, NamesIssuer: namesIssuer, Nonce: nonce, Verifier: verifier,
		ReturnTo: returnTo, ExpiresAt: f.now().Add(httpapi.FlowLifetime).UTC().Truncate(time.Second),
	})
	if !ok {
		return web.Response{}, autherr.New(autherr.InvalidRequest, "return_to_too_long")
	}
	return redirect(address).WithCookie(lines...), nil
}

// complete exchanges the code and begins the session. A request that does not belong
// to a flow of the browser ends here; any other redirects to the return URL, with a
// session or with an error.
func (f codeFlow) complete(ctx context.Context, r web.Request) (web.Response, error) {
	query, err := readQuery(r, "state", "code", "iss", "error")
	if err != nil {
		return web.Response{}, err
	}
	begun, ok := f.flows.Find(r, query["state"])
	if !ok || !f.began(begun) {
		return web.Response{}, autherr.New(autherr.InvalidRequest, "no_such_flow")
	}
	response, err := f.signIn(ctx, r, begun, query)
	if err != nil {
		return web.Response{}, &flowError{err, f, r, begun.ReturnTo, query["state"]}
	}
	return response.WithCookie(f.flows.Clear(query["state"])), nil
}

// began reports whether a flow is of this provider, and leads where flows may lead.
func (f codeFlow) began(begun httpapi.Flow) bool {
	location, ok := f.returnURLs.Location(begun.ReturnTo)
	return begun.Provider == f.provider.Name && begun.Issuer == f.provider.Issuer && ok && location == begun.ReturnTo
}

func (f codeFlow) signIn(ctx context.Context, r web.Request, begun httpapi.Flow, query map[string]string) (web.Response, error) {
	tokens, err := f.exchange(ctx, begun, query)
	if err != nil {
		return web.Response{}, err
	}
	id, token, err := f.verifyBy(ctx, f.block, tokens, f.provider.LoginByCode)
	if err != nil {
		return web.Response{}, err
	}
	replaced, err := f.replaced(r)
	if err != nil {
		return web.Response{}, err
	}
	in, err := f.finishLogin(ctx, f.block, f.newLogin(r, id, token, config.TransportCookie), replaced)
	if err != nil {
		return web.Response{}, err
	}
	return f.clearOtherCookies(r, f.block, f.withSessionCookies(r, in, redirect(begun.ReturnTo))), nil
}

// exchange returns the tokens for the code of a response.
func (f codeFlow) exchange(ctx context.Context, begun httpapi.Flow, query map[string]string) (provider.Tokens, error) {
	// The response of another provider, which this one has led the browser to, has
	// another issuer (RFC 9207).
	if issuer := query["iss"]; issuer != begun.Issuer && (issuer != "" || begun.NamesIssuer) {
		return provider.Tokens{}, autherr.New(autherr.InvalidRequest, "wrong_flow_issuer").WithValues(begun.Issuer, issuer)
	}
	if failure := query["error"]; failure != "" {
		return provider.Tokens{}, refusedByProvider(failure)
	}
	if query["code"] == "" {
		return provider.Tokens{}, autherr.New(autherr.InvalidRequest, "missing_code")
	}
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	tokens, err := f.with.Exchange(ctx, query["code"], begun.Verifier, f.redirectURI())
	tokens.Nonce = begun.Nonce
	return tokens, err
}

// refusedByProvider returns the error of a provider that did not sign the user in
// (RFC 6749, section 4.1.2.1; OpenID Connect Core 1.0, section 3.1.2.6).
func refusedByProvider(failure string) error {
	switch failure {
	case "access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required":
		return autherr.New(autherr.Unauthenticated, "not_signed_in").WithValues("", failure)
	case "server_error", "temporarily_unavailable":
		return autherr.New(autherr.TemporarilyUnavailable, "provider_failed").WithValues("", failure)
	default:
		return autherr.New(autherr.InvalidRequest, "refused_by_provider").WithValues("", failure)
	}
}

// flowError is an error that the page at the return URL shows.
type flowError struct {
	error

	flow     codeFlow
	request  web.Request
	returnTo string
	state    string
}

func (e *flowError) Unwrap() error { return e.error }

// redirectFailures redirects failed flows to their return URLs.
func redirectFailures(handle handler) handler {
	return func(ctx context.Context, r web.Request) (web.Response, error) {
		response, err := handle(ctx, r)
		if failed, ok := errors.AsType[*flowError](err); ok {
			return failed.response(ctx), nil
		}
		return response, err
	}
}

func (e *flowError) response(ctx context.Context) web.Response {
	k, id := e.flow.Kit, e.flow.requestID(e.request)
	k.logProblem(ctx, e, id, func() []any { return k.requestAttributes(e.request) })
	location := httpapi.WithFailure(e.returnTo, string(autherr.CodeOf(e.error)), id)
	return redirect(location).WithCookie(k.flows.Clear(e.state))
}

// redirect returns a response that makes browsers send GET to the address.
func redirect(address string) web.Response {
	response := web.NoContent().With("Location", address)
	response.Status = http.StatusSeeOther
	return response
}

// readQuery returns the named parameters of a request, "" where there is none. It
// ignores all others.
func readQuery(r web.Request, names ...string) (map[string]string, error) {
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		return nil, autherr.New(autherr.InvalidRequest, "malformed_query")
	}
	found := map[string]string{}
	for _, name := range names {
		if len(query[name]) > 1 {
			return nil, autherr.New(autherr.InvalidRequest, "parameter_twice")
		}
		found[name] = query.Get(name)
	}
	return found, nil
}

// isFlowParameter reports whether a parameter may be passed to the provider.
func isFlowParameter(value string) bool {
	const maxLength = 256
	return len(value) <= maxLength && !strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' })
}

type providersBody struct {
	Providers []providerBody `json:"providers"`
}

// providerBody is a provider at which users can sign in.
type providerBody struct {
	Name        string  `json:"name"`
	Type        string  `json:"type"`
	DisplayName string  `json:"display_name"`
	LoginURL    *string `json:"login_url"` // null: the front end signs users in
}

// listProviders returns the active providers in the order of the file.
func (k *Kit) listProviders(_ context.Context, _ web.Request) (web.Response, error) {
	body := providersBody{Providers: []providerBody{}}
	for _, p := range k.providers.All() {
		if !p.Offered() {
			continue
		}
		one := providerBody{Name: p.Name, Type: p.Type, DisplayName: p.DisplayName}
		if _, ok := k.codeFlow(p); ok {
			one.LoginURL = new(k.auth.BaseURL + k.auth.Path + "/login/" + p.Name)
		}
		body.Providers = append(body.Providers, one)
	}
	return web.JSON(http.StatusOK, body), nil
}
