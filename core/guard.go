package core

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/web"
)

// What one request waits for at most. A framework's context may have no
// deadline of its own.
const (
	storeTimeout    = 3 * time.Second  // for the database
	providerTimeout = 10 * time.Second // for a provider, which has shorter limits of its own
)

// Guard says what a route demands of its caller. The zero value demands a
// signed-in caller and nothing more; every field that is set demands more.
type Guard struct {
	// Optional lets strangers pass as nobody, and callers with a bad credential
	// too. What could not be checked is still refused, with
	// temporarily_unavailable: a known caller must not be taken for nobody. The
	// other demands hold for callers who are signed in.
	Optional bool

	// Providers are the blocks that the caller may have signed in at. Empty: any.
	Providers []string

	// AuthMethods are the ways of which the caller must have signed in by one,
	// in the provider's words, such as "OTP". Empty: any.
	AuthMethods []string

	// MaxAge is how long ago the caller may have proved who they are, at most
	// (RFC 9470). Zero: any time. Where the provider does not say when that was,
	// an own session counts from the issue of the token that it began with; a
	// provider's own token that does not say, such as Cotter's, never suffices.
	MaxAge time.Duration

	// Claims are demanded of the signed claims: the named claim is this text,
	// or a list that holds it, or a bool or number written so. An own session
	// has the claims that its block keeps (argument "claims"), and no others.
	Claims map[string]string
}

// check returns nil if the caller meets the demands.
func (g Guard) check(p identity.Principal, now func() time.Time) error {
	if len(g.Providers) > 0 && !slices.Contains(g.Providers, p.Provider) {
		return autherr.New(autherr.InsufficientScope, "other_provider")
	}
	if len(g.AuthMethods) > 0 && !slices.ContainsFunc(strings.Fields(p.AuthMethod), g.takes) {
		return autherr.New(autherr.InsufficientScope, "other_auth_method")
	}
	for name, want := range g.Claims {
		if !holds(p.Claims.Get(name), want) {
			return autherr.New(autherr.InsufficientScope, "claim_missing")
		}
	}
	if g.MaxAge > 0 && (p.AuthenticatedAt.IsZero() || now().Sub(p.AuthenticatedAt) > g.MaxAge) {
		return &autherr.Error{Code: autherr.ReauthenticationRequired, Reason: "authenticated_too_long_ago", MaxAge: g.MaxAge}
	}
	return nil
}

func (g Guard) takes(method string) bool { return slices.Contains(g.AuthMethods, method) }

// holds reports whether a claim has the wanted value.
func holds(claim any, want string) bool {
	switch v := claim.(type) {
	case nil:
		return false
	case []string:
		return slices.Contains(v, want)
	default:
		return fmt.Sprint(v) == want
	}
}

// checkGuard logs a warning for each demand of a guard that nobody can meet as
// the file is: a provider that is no block, a claim that own sessions do not
// keep. What a provider's token will claim is not known here.
func (k *Kit) checkGuard(g Guard) {
	for _, name := range g.Providers {
		isName := func(p *verify.Provider) bool { return p.Name == name }
		if !slices.ContainsFunc(k.providers.All(), isName) {
			k.log.Warn("a guard admits callers of a provider that no block configures", "event", "guard_cannot_be_met", "provider", name)
		}
	}
	own, ok := k.strategy.(*session.Own)
	for name := range g.Claims {
		if ok && !own.Keeps(name) {
			k.log.Warn(`a guard demands a claim that session "own" does not keep: add it to the argument "claims"`,
				"event", "guard_cannot_be_met", "claim", name)
		}
	}
}

// Authenticate recognises the caller of a request. It does not look at where
// the request comes from; [Adapter.Authorize] does.
//
// Errors by code: Unauthenticated, InvalidRequest, InvalidToken, TokenExpired,
// AccountDisabled, NotRegistered, TemporarilyUnavailable.
func (k *Kit) Authenticate(ctx context.Context, r web.Request) (identity.Principal, error) {
	found, err := k.recognize(ctx, r)
	return found.principal, err
}

// recognized is the caller of a request, with the session of its credential.
type recognized struct {
	principal  identity.Principal
	view       session.View
	credential session.Credential
}

func (k *Kit) recognize(ctx context.Context, r web.Request) (found recognized, err error) {
	if found.credential, err = k.presented(r); err != nil {
		return recognized{}, err
	}
	bounded := &deadline{parent: ctx, limit: storeTimeout}
	defer bounded.end()
	found.principal, found.view, err = k.strategy.Check(bounded, found.credential) //nolint:contextcheck // bounded is ctx with a limit
	return found, err
}

// withCaller returns the context of a recognized caller.
func (k *Kit) withCaller(ctx context.Context, found recognized) context.Context {
	return &caller{Context: ctx, principal: found.principal, credential: found.credential, kit: k}
}

// authorize decides about a request to one of the application's own routes. It
// returns either the context in which the route goes on, from which [FromContext]
// takes the caller, or the response that ends the request: a refusal, or the
// answer to a CORS preflight.
func (k *Kit) authorize(ctx context.Context, r web.Request, g Guard) (context.Context, *web.Response) {
	if r.Preflight() {
		return nil, k.preflight(r)
	}
	admitted, err := k.admit(ctx, r, g)
	if err != nil {
		refusal := k.cors.Apply(r, k.refuse(ctx, r, err))
		return nil, &refusal
	}
	return admitted, nil
}

// admit returns the context of the caller, or of nobody where the guard allows
// that.
func (k *Kit) admit(ctx context.Context, r web.Request, g Guard) (_ context.Context, err error) {
	defer recovered(&err)
	if !k.origins.Allows(r) && k.cookie.Count(r) > 0 {
		return nil, autherr.New(autherr.CrossOrigin, "foreign_origin")
	}
	found, err := k.recognize(ctx, r)
	switch {
	case err == nil:
		return k.withCaller(ctx, found), g.check(found.principal, k.now)
	case g.Optional && httpapi.StatusOf(err) < http.StatusInternalServerError:
		return withNobody(ctx), nil
	default:
		return nil, err
	}
}

// corsFields returns the header fields that an answer of one of the application's own
// routes bears, and the answer itself if the request is a preflight.
func (k *Kit) corsFields(r web.Request) (fields []web.Field, preflight *web.Response) {
	if r.Preflight() {
		return nil, k.preflight(r)
	}
	return k.cors.Fields(r), nil
}

// preflight answers for routes of the application, whose methods and header
// fields the kit does not know.
func (k *Kit) preflight(r web.Request) *web.Response {
	answer := k.cors.Preflight(r, "GET, HEAD, POST, PUT, PATCH, DELETE", httpapi.RequestedHeaders(r))
	return &answer
}
