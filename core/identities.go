package core

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/web"
)

// freshSignIn is the maximum time since the sign-in of a caller who changes the
// ways to sign in, so that a session that was left open does not suffice.
const freshSignIn = 10 * time.Minute

type identitiesBody struct {
	Identities []identityBody `json:"identities"`
}

// identityBody is one of a user's identities.
type identityBody struct {
	ID            string    `json:"id"`
	Current       bool      `json:"current"` // the caller has signed in with it
	Provider      string    `json:"provider"`
	Issuer        string    `json:"issuer"`
	Identifier    *string   `json:"identifier"`
	Email         *string   `json:"email"`
	EmailVerified bool      `json:"email_verified"`
	Phone         *string   `json:"phone"`
	PhoneVerified bool      `json:"phone_verified"`
	CreatedAt     timestamp `json:"created_at"`
	LastLoginAt   timestamp `json:"last_login_at"`
}

func newIdentityBody(i identity.Stored, caller identity.Principal) identityBody {
	return identityBody{
		ID:            i.ID.String(),
		Current:       i.Key == caller.Key(),
		Provider:      i.Provider,
		Issuer:        i.Issuer,
		Identifier:    stringOrNull(i.Identifier),
		Email:         stringOrNull(i.Email),
		EmailVerified: i.EmailVerified,
		Phone:         stringOrNull(i.Phone),
		PhoneVerified: i.PhoneVerified,
		CreatedAt:     timestamp(i.CreatedAt),
		LastLoginAt:   timestamp(i.LastLoginAt),
	}
}

// listIdentities returns the identities of the caller's user, oldest first.
func (k *Kit) listIdentities(ctx context.Context, r web.Request) (web.Response, error) {
	found, err := k.identitiesCaller(ctx, r)
	if err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	identities, err := k.registrar.Store.Identities(ctx, found.principal.UserID)
	if err != nil {
		return web.Response{}, callerError(err)
	}
	body := identitiesBody{Identities: make([]identityBody, len(identities))}
	for i, stored := range identities {
		body.Identities[i] = newIdentityBody(stored, found.principal)
	}
	return web.JSON(http.StatusOK, body), nil
}

// addIdentity adds the identity of another sign-in to the caller's user. No session
// begins or ends.
func (k *Kit) addIdentity(ctx context.Context, r web.Request) (web.Response, error) {
	body, err := readPayload(r)
	if err != nil {
		return web.Response{}, err
	}
	found, err := k.freshCaller(ctx, r)
	if err != nil {
		return web.Response{}, err
	}
	id, err := k.verifyOther(ctx, body)
	if err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(k.withCaller(ctx, r, found.principal, found.credential, true), storeTimeout)
	defer cancel()
	stored, added, err := k.registrar.Link(ctx, found.principal.UserID, id, found.stillAdmitted)
	if err != nil {
		return web.Response{}, callerError(err)
	}
	status := http.StatusOK
	if added {
		status = http.StatusCreated
		k.Users().logIdentity(ctx, "identity_linked", found.principal.UserID, stored, k.address(r))
	}
	return web.JSON(status, newIdentityBody(stored, found.principal)), nil
}

// verifyOther verifies the tokens of another sign-in as a login does.
func (k *Kit) verifyOther(ctx context.Context, body payload) (identity.Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	id, _, err := k.providers.Login(ctx, body.provider, body.tokens)
	if err != nil {
		return identity.Identity{}, err
	}
	return id, body.hints.check(id)
}

// removeIdentity removes one of the identities of the caller's user, with the
// sessions that began by it.
func (k *Kit) removeIdentity(ctx context.Context, r web.Request) (web.Response, error) {
	requested, err := readIdentityID(r)
	if err != nil {
		return web.Response{}, err
	}
	found, err := k.freshCaller(ctx, r)
	if err != nil {
		return web.Response{}, err
	}
	id, err := uuid.Parse(requested)
	if err != nil || id.String() != requested {
		return web.Response{}, autherr.New(autherr.NotFound, "malformed_identity_id")
	}
	ctx, cancel := context.WithTimeout(k.withCaller(ctx, r, found.principal, found.credential, true), storeTimeout)
	defer cancel()
	removed, err := k.registrar.Unlink(ctx, found.principal.UserID, id, found.stillAdmitted)
	if err != nil {
		return web.Response{}, callerError(err)
	}
	k.Users().logIdentity(ctx, "identity_unlinked", found.principal.UserID, removed, k.address(r))
	response := web.NoContent()
	if found.credential.Transport == config.TransportCookie && removed.Key == found.principal.Key() {
		response = found.credential.block.clearCookies(r, response)
	}
	return response, nil
}

func readIdentityID(r web.Request) (string, error) {
	body, err := readMembers(r, "id")
	if err != nil {
		return "", err
	}
	id := body.name("id")
	if err := body.err(); err != nil {
		return "", err
	}
	if id == "" {
		return "", autherr.New(autherr.InvalidRequest, "no_identity_id")
	}
	return id, nil
}

// identitiesCaller recognizes the caller of a request about its identities. An
// access token of an API, which any of the API's clients sends, is rejected.
func (k *Kit) identitiesCaller(ctx context.Context, r web.Request) (recognized, error) {
	found, err := k.authenticate(ctx, r)
	if err != nil {
		return recognized{}, err
	}
	if !found.credential.block.isOwn() && !k.providers.LinksIdentities(found.principal.Provider) {
		return recognized{}, autherr.New(autherr.InsufficientScope, "access_token_of_an_api")
	}
	return found, nil
}

// freshCaller is identitiesCaller for changes: it requires a recent sign-in.
func (k *Kit) freshCaller(ctx context.Context, r web.Request) (recognized, error) {
	found, err := k.identitiesCaller(ctx, r)
	if err != nil {
		return recognized{}, err
	}
	g, caller := Guard{MaxAge: freshSignIn}, found.principal
	if caller.AuthenticatedAt.IsZero() {
		// A provider's token that does not specify the time of the sign-in counts from
		// its issue, as an own session that begins with it does.
		caller.AuthenticatedAt = found.view.CreatedAt
	}
	if reason := g.stepUp(caller, k.now); reason != "" {
		return recognized{}, g.reauthentication(reason)
	}
	return found, nil
}

// stillAdmitted rejects a caller whose user or identity has changed, since it was
// recognized, so that the credential is no longer valid.
func (c recognized) stillAdmitted(user identity.User, identities []identity.Stored) error {
	notBefore := user.NotBefore
	if !c.credential.block.isOwn() {
		notBefore = notBefore.Truncate(time.Second) // tokens specify whole seconds
	}
	switch {
	case user.Disabled:
		return autherr.New(autherr.AccountDisabled, "account_disabled")
	case c.view.CreatedAt.Before(notBefore):
		return autherr.New(autherr.InvalidToken, "issued_before_revocation")
	case !slices.ContainsFunc(identities, func(i identity.Stored) bool { return i.Key == c.principal.Key() }):
		return autherr.New(autherr.InvalidToken, "identity_removed")
	}
	return nil
}

// callerError gives an error of an account.Store its code, where the user is the
// caller: one that was deleted since the caller was recognized has no valid
// credential.
func callerError(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return autherr.New(autherr.InvalidToken, "user_deleted")
	}
	return accountError(err)
}
