package core

import (
	"context"
	"net/http"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/web"
)

// showSession returns the caller's user and session.
func (k *Kit) showSession(ctx context.Context, r web.Request) (web.Response, error) {
	found, err := k.authenticate(ctx, r)
	if err != nil {
		return web.Response{}, err
	}
	user, err := k.load(ctx, found.principal)
	if err != nil {
		return web.Response{}, err
	}
	return web.JSON(http.StatusOK, whoBody{User: k.userBody(user), Session: newSessionBody(found.view)}), nil
}

type sessionsBody struct {
	Sessions []listedBody `json:"sessions"`
}

// listedBody is one element of the list of a user's sessions.
type listedBody struct {
	ID         string    `json:"id"`
	Current    bool      `json:"current"`
	CreatedAt  timestamp `json:"created_at"`
	LastSeenAt timestamp `json:"last_seen_at"`
	ExpiresAt  timestamp `json:"expires_at"`
	UserAgent  *string   `json:"user_agent"`
	Address    *string   `json:"address"`
	Provider   string    `json:"provider"`
	AuthMethod *string   `json:"auth_method"`
}

// listSessions returns the active sessions of the caller's user.
func (k *Kit) listSessions(ctx context.Context, r web.Request) (web.Response, error) {
	found, err := k.authenticate(ctx, r)
	if err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(k.withCaller(ctx, r, found.principal, found.credential, true), storeTimeout)
	defer cancel()
	active, err := k.Sessions().List(ctx, found.principal.UserID)
	if err != nil {
		return web.Response{}, err
	}
	body := sessionsBody{Sessions: make([]listedBody, 0, len(active))}
	for _, s := range active {
		body.Sessions = append(body.Sessions, listedBody{
			ID:         s.ID,
			Current:    s.Current,
			CreatedAt:  timestamp(s.CreatedAt),
			LastSeenAt: timestamp(s.LastSeenAt),
			ExpiresAt:  timestamp(s.ExpiresAt),
			UserAgent:  stringOrNull(s.UserAgent),
			Address:    stringOrNull(s.Address),
			Provider:   s.Provider,
			AuthMethod: stringOrNull(s.AuthMethod),
		})
	}
	return web.JSON(http.StatusOK, body), nil
}

// revocation is the body of /sessions/revoke: exactly one of the three.
type revocation struct {
	id     string
	all    bool
	others bool
}

// revokeSessions revokes one, the other, or all of the sessions of the caller's user.
func (k *Kit) revokeSessions(ctx context.Context, r web.Request) (web.Response, error) {
	requested, err := readRevocation(r)
	if err != nil {
		return web.Response{}, err
	}
	if k.block(config.StrategyOwn) == nil && !requested.all {
		return web.Response{}, autherr.New(autherr.NotFound, "no_own_sessions")
	}
	found, err := k.authenticate(ctx, r)
	if err != nil {
		return web.Response{}, err
	}
	if err := k.mayChangeAccount(found); err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(k.withCaller(ctx, r, found.principal, found.credential, true), storeTimeout)
	defer cancel()
	caller, sessions := found.principal, Sessions{kit: k, address: k.address(r)}
	switch {
	case requested.all:
		err = sessions.RevokeAll(ctx, caller.UserID)
	case requested.others:
		err = sessions.RevokeOthers(ctx, caller.UserID, caller.SessionID)
	default:
		err = sessions.Revoke(ctx, caller.UserID, requested.id)
	}
	if err != nil {
		return web.Response{}, err
	}
	if requested.all {
		k.awaitNextSecond(ctx)
	}
	response := web.NoContent()
	if found.credential.Transport == config.TransportCookie && (requested.all || requested.id == caller.SessionID) {
		response = found.credential.block.clearCookies(r, response)
	}
	return response, nil
}

// mayChangeAccount rejects access tokens that clients of the provider send to every
// API.
func (k *Kit) mayChangeAccount(c recognized) error {
	if c.credential.block.isOwn() || k.providers.ChangesAccount(c.principal.Provider) {
		return nil
	}
	return autherr.New(autherr.InsufficientScope, "access_token_of_any_client")
}

// awaitNextSecond returns when tokens that are issued from now on are not affected
// by a revocation before the call, so that the user can sign in again at once. It
// waits less than a second.
func (k *Kit) awaitNextSecond(ctx context.Context) {
	now := k.now()
	next := time.NewTimer(nextSecond(now).Sub(now))
	defer next.Stop()
	select {
	case <-next.C:
	case <-ctx.Done():
	}
}

func readRevocation(r web.Request) (revocation, error) {
	body, err := readMembers(r, "id", "all", "others")
	if err != nil {
		return revocation{}, err
	}
	requested := revocation{id: body.text("id"), all: body.flag("all"), others: body.flag("others")}
	if err := body.err(); err != nil {
		return revocation{}, err
	}
	set := 0
	for _, present := range []bool{requested.id != "", requested.all, requested.others} {
		if present {
			set++
		}
	}
	if set != 1 {
		return revocation{}, autherr.New(autherr.InvalidRequest, "not_one_of_id_all_others")
	}
	return requested, nil
}
