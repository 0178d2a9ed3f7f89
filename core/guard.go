package core

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/claim"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// How long one request waits at most. A framework's context may have no
// deadline.
const (
	storeTimeout    = 3 * time.Second  // for the database
	providerTimeout = 10 * time.Second // for a provider, whose own limits are shorter
)

// Guard contains the requirements of a route. The zero value requires a
// signed-in caller; each field that is set requires more. A request without a
// valid credential is rejected with unauthenticated, invalid_token or
// token_expired. An unsafe request of another origin, or one for a WebSocket, is
// rejected with cross_origin if it has our cookie.
//
// The response of a guarded route has Cache-Control: no-store, unless the handler
// sets another value.
type Guard struct {
	// Optional admits unauthenticated callers, and those with a bad credential,
	// as requests without a caller. The other requirements apply to signed-in
	// callers. A credential that cannot be checked is rejected with
	// temporarily_unavailable all the same, so that an outage does not sign
	// callers out.
	Optional bool

	// Sessions lists the accepted session blocks by label, config.StrategyOwn or
	// config.StrategyProviderToken. Otherwise: insufficient_scope. Empty: any.
	Sessions []string

	// Fresh queries the database at this route, also where a cached session, a cached
	// user or an own session's signed token would suffice, so that a caller whose
	// session or user has ended is rejected at once. Default: as the session block
	// is configured.
	Fresh bool

	// Providers lists the accepted provider blocks by name: the caller must have
	// signed in at one of them. Otherwise: insufficient_scope. Empty: any.
	Providers []string

	// Machines admits callers that are machines: programs that got an access token for
	// themselves, which session "provider_token" recognizes. They have no user.
	// Default: they are rejected with insufficient_scope.
	Machines bool

	// Claims maps signed claims to required values. A claim is a plain name or a
	// JSON Pointer (RFC 6901) such as "/realm_access/roles"; for what it matches see
	// [identity.Claims.Has]. Otherwise: insufficient_scope. An own session has only
	// the claims that its block lists in the argument "claims", and acr.
	Claims map[string]string

	// Scopes lists scopes that must all be granted, in the claim scope or scp (RFC
	// 6749, section 3.3). Otherwise: insufficient_scope. An own session has them
	// only if its block lists one of these claims.
	Scopes []string

	// AuthMethods lists the accepted authentication methods, as the provider
	// names them, such as "OTP": the caller must have signed in with one of them.
	// Otherwise: reauthentication_required, with the methods in acr_values (RFC
	// 9470). Empty: any.
	AuthMethods []string

	// ACR lists the accepted authentication context classes: the signed claim acr
	// must be one of them. Otherwise: reauthentication_required, with acr_values
	// (RFC 9470). Cotter signs none. Empty: any, and none.
	ACR []string

	// MaxAge is the maximum time since the caller signed in. Otherwise:
	// reauthentication_required, with max_age (RFC 9470). Zero: any time.
	//
	// If the provider does not specify that time, an own session counts from the
	// issue of the token that it began with: a token that a front end renewed
	// without its user counts as a new sign-in; see RequireAuthTime. A provider's own
	// token that does not specify it, such as Cotter's, is never accepted.
	MaxAge time.Duration

	// RequireAuthTime accepts only callers whose provider signed when they
	// authenticated (auth_time), so that MaxAge counts from nothing else.
	// Otherwise: reauthentication_required. Default: false. Cotter does not sign a
	// usable time.
	RequireAuthTime bool
}

// authorize decides whether a request to one of the application's own routes
// continues. It returns either the context in which the route runs, or the
// response that ends the request: an error, or the response to a CORS preflight.
//
// No shared cache may store a guarded response, also that of an optional guard
// without a caller, which differs from that of a caller. The handler may overwrite
// this in header.
func (k *Kit) authorize(ctx context.Context, r web.Request, header web.HeaderWriter, g Guard) (context.Context, *web.Response) {
	if r.Preflight() {
		return nil, k.preflight(r)
	}
	admitted, err := k.admit(ctx, r, g)
	if err != nil {
		rejection := k.render(ctx, r, err)
		return nil, &rejection
	}
	callerIn(admitted).forbidCaching(header)
	return admitted, nil
}

// admit returns the context with the caller, or without one if the guard is
// optional.
func (k *Kit) admit(ctx context.Context, r web.Request, g Guard) (_ context.Context, err error) {
	defer recovered(&err)
	if err := k.checkOrigin(r); err != nil && k.hasCookie(r) {
		return nil, err
	}
	next, err := k.recognize(ctx, r, g.Fresh)
	switch {
	case err == nil:
		return next, g.check(callerIn(next), k.now)
	case g.Optional && httpapi.StatusOf(err) < http.StatusInternalServerError:
		return withoutCaller{ctx}, nil
	default:
		return nil, err
	}
}

// checkOrigin rejects unsafe requests of other origins.
func (k *Kit) checkOrigin(r web.Request) error {
	if k.origins.Allows(r) {
		return nil
	}
	return &autherr.Error{Code: autherr.CrossOrigin, Reason: "foreign_origin", Detail: k.originDetail(r)}
}

// recognize returns the context with the caller of a request. A caller that an
// outer guard recognized by the same request is not looked up again, unless this
// guard alone requires a fresh look.
func (k *Kit) recognize(ctx context.Context, r web.Request, fresh bool) (context.Context, error) {
	credential, err := k.credential(r)
	if err != nil {
		return nil, err
	}
	if outer := callerIn(ctx); outer != nil && outer.sent(k, r, credential) && (outer.fresh || !fresh) {
		return ctx, nil
	}
	principal, _, err := k.checkCredential(ctx, credential, fresh)
	if err != nil {
		return nil, err
	}
	return k.withCaller(ctx, r, principal, credential, fresh), nil
}

// recognized is the caller of a request to one of the kit's own routes, with the
// session of its credential.
type recognized struct {
	principal  identity.Principal
	view       session.View
	credential credential
}

// authenticate recognizes the caller of a request to one of the kit's own
// routes.
//
// Errors by code: Unauthenticated, InvalidRequest, InvalidToken, TokenExpired,
// AccountDisabled, NotRegistered, MachineCaller, TemporarilyUnavailable.
func (k *Kit) authenticate(ctx context.Context, r web.Request) (found recognized, err error) {
	if found.credential, err = k.credential(r); err != nil {
		return recognized{}, err
	}
	found.principal, found.view, err = k.checkCredential(ctx, found.credential, true)
	if err == nil && found.principal.Kind == identity.KindMachine {
		return recognized{}, autherr.New(autherr.MachineCaller, "machine_at_user_route")
	}
	return found, err
}

func (k *Kit) checkCredential(ctx context.Context, c credential, fresh bool) (identity.Principal, session.View, error) {
	bounded := &deadline{parent: ctx, limit: storeTimeout}
	defer bounded.end()
	principal, view, err := c.block.Check(bounded, c.Credential, fresh) //nolint:contextcheck // bounded is ctx with a limit
	if err != nil {
		return identity.Principal{}, session.View{}, err
	}
	return principal, view, k.providers.CheckSession(principal.Provider, principal.Issuer)
}

// check returns nil if the caller meets the requirements. One that a new sign-in
// cannot meet is reported first.
func (g Guard) check(c *caller, now func() time.Time) error {
	p := c.principal
	if len(g.Sessions) > 0 && !slices.Contains(g.Sessions, c.credential.block.Name()) {
		return autherr.New(autherr.InsufficientScope, "other_session")
	}
	if reason := g.missing(p); reason != "" {
		return autherr.New(autherr.InsufficientScope, reason)
	}
	if reason := g.stepUp(p, now); reason != "" {
		return g.reauthentication(reason)
	}
	return nil
}

// reauthentication is the error of a caller who must authenticate again.
func (g Guard) reauthentication(reason string) error {
	return &autherr.Error{
		Code: autherr.ReauthenticationRequired, Reason: reason,
		MaxAge: g.MaxAge, ACRValues: slices.Concat(g.ACR, g.AuthMethods),
	}
}

// missing returns the reason why the caller lacks access, "" if it does not.
func (g Guard) missing(p identity.Principal) string {
	if p.Kind == identity.KindMachine && !g.Machines {
		return "machine"
	}
	if len(g.Providers) > 0 && !slices.Contains(g.Providers, p.Provider) {
		return "other_provider"
	}
	for name, want := range g.Claims {
		if !p.Claims.Has(name, want) {
			return "claim_missing"
		}
	}
	for _, scope := range g.Scopes {
		if !p.Claims.Has("scope", scope) && !p.Claims.Has("scp", scope) {
			return "scope_missing"
		}
	}
	return ""
}

// stepUp returns the reason why the caller must authenticate in another way or
// more recently, "" if it need not.
func (g Guard) stepUp(p identity.Principal, now func() time.Time) string {
	if len(g.ACR) > 0 && !slices.ContainsFunc(g.ACR, func(acr string) bool { return p.Claims.Has("acr", acr) }) {
		return "other_acr"
	}
	if len(g.AuthMethods) > 0 && !slices.ContainsFunc(strings.Fields(p.AuthMethod), g.acceptsMethod) {
		return "other_auth_method"
	}
	if g.RequireAuthTime && !p.HasAuthTime() {
		return "no_auth_time"
	}
	if g.MaxAge > 0 && (p.AuthenticatedAt.IsZero() || now().Sub(p.AuthenticatedAt) > g.MaxAge) {
		return "authenticated_too_long_ago"
	}
	return ""
}

func (g Guard) acceptsMethod(method string) bool { return slices.Contains(g.AuthMethods, method) }

// checkGuard logs a warning for each requirement that no caller can meet with
// this configuration: a provider that is not configured, a claim that no token
// has or that own sessions do not keep. The claims of a provider's token are
// unknown here.
func (k *Kit) checkGuard(g Guard) {
	configured := map[string]bool{}
	for _, p := range k.providers.All() {
		configured[p.Name] = true
	}
	for _, name := range g.Providers {
		if !configured[name] {
			k.log.Warn("a guard requires a provider that is not configured", "event", "guard_cannot_be_met", "provider", name)
		}
	}
	for name, want := range g.Claims {
		if problem := k.claimProblem(name, want); problem != "" {
			k.log.Warn("a guard requires a claim that no caller has: "+problem, "event", "guard_cannot_be_met", "claim", name)
		}
	}
	for _, scope := range g.Scopes {
		if problem := k.scopeProblem(scope); problem != "" {
			k.log.Warn("a guard requires a scope that no caller has: "+problem, "event", "guard_cannot_be_met", "scope", scope)
		}
	}
}

// claimProblem returns why no caller can have a claim of that name with that
// value, "" if one can.
func (k *Kit) claimProblem(name, want string) string {
	switch problem := claim.WantProblem(name, want); {
	case problem != "":
		return "the claim " + problem
	case claim.IsRegistered(claim.Top(name)):
		return "the kit verifies iss, sub, aud, exp, nbf and iat, and callers do not have them as claims"
	case !k.keeps(name):
		return `add it to the argument "claims" of session "own"`
	default:
		return ""
	}
}

// scopeProblem returns why no caller can have that scope, "" if one can.
func (k *Kit) scopeProblem(scope string) string {
	if problem := claim.WantProblem("scope", scope); problem != "" {
		return "the claim " + problem
	}
	if !k.keeps("scope") && !k.keeps("scp") {
		return `add scope or scp to the argument "claims" of session "own"`
	}
	return ""
}

// keeper is a strategy whose sessions have only some claims of the provider's
// token.
type keeper interface{ Keeps(claim string) bool }

// keeps reports whether callers have the claims of that name that their tokens
// have.
func (k *Kit) keeps(name string) bool {
	for _, b := range k.blocks {
		if own, ok := b.Strategy.(keeper); !ok || own.Keeps(name) {
			return true
		}
	}
	return false
}

// deadline is a context with a time limit like that of [context.WithTimeout],
// except that the limit begins at the first use of the context other than Err: a
// check that never waits then needs no timer.
type deadline struct {
	parent context.Context //nolint:containedctx // it is a context
	limit  time.Duration

	mu      sync.Mutex
	started context.Context //nolint:containedctx // it is a context; nil before the limit begins
	cancel  context.CancelFunc
}

func (d *deadline) running() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.started == nil {
		d.started, d.cancel = context.WithTimeout(d.parent, d.limit)
	}
	return d.started
}

func (d *deadline) Deadline() (time.Time, bool) { return d.running().Deadline() }
func (d *deadline) Done() <-chan struct{}       { return d.running().Done() }
func (d *deadline) Value(key any) any           { return d.running().Value(key) }

func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.started == nil {
		return d.parent.Err()
	}
	return d.started.Err()
}

// end cancels the context, whether it has been used or not.
func (d *deadline) end() {
	d.mu.Lock()
	if d.started == nil {
		d.started, d.cancel = canceled, func() {}
	}
	d.mu.Unlock()
	d.cancel()
}

var canceled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
