package core

import (
	"context"
	"net/http"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/web"
)

// session tells callers who they are.
func (k *Kit) session(ctx context.Context, r web.Request) (web.Response, error) {
	grant, err := k.Authenticate(ctx, r)
	if err != nil {
		return web.Response{}, err
	}
	user, err := k.load(ctx, grant.Principal)
	if err != nil {
		return web.Response{}, err
	}
	return web.JSON(http.StatusOK, whoBody{User: k.userBody(user), Session: newSessionBody(grant.Session)}), nil
}

type sessionsBody struct {
	Sessions []listedBody `json:"sessions"`
}

// listedBody is a session in the list of its user's sessions.
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

// listSessions shows callers where they are signed in.
func (k *Kit) listSessions(ctx context.Context, r web.Request) (web.Response, error) {
	grant, err := k.Authenticate(ctx, r)
	if err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	live, err := k.directory.List(ctx, grant.Principal.UserID, grant.Principal.SessionID)
	if err != nil {
		return web.Response{}, err
	}
	body := sessionsBody{Sessions: make([]listedBody, 0, len(live))}
	for _, s := range live {
		body.Sessions = append(body.Sessions, listedBody{
			ID:         s.ID,
			Current:    s.Current,
			CreatedAt:  timestamp(s.CreatedAt),
			LastSeenAt: timestamp(s.LastSeenAt),
			ExpiresAt:  timestamp(s.ExpiresAt),
			UserAgent:  textOrNull(s.UserAgent),
			Address:    textOrNull(s.Address),
			Provider:   s.Provider,
			AuthMethod: textOrNull(s.AuthMethod),
		})
	}
	return web.JSON(http.StatusOK, body), nil
}

// revocation is the body of a revocation: exactly one of the three.
type revocation struct {
	id     string
	all    bool
	others bool
}

// revokeSessions ends one, the other, or all of the caller's sessions.
func (k *Kit) revokeSessions(ctx context.Context, r web.Request) (web.Response, error) {
	asked, err := readRevocation(r)
	if err != nil {
		return web.Response{}, err
	}
	if k.strategy.Name() != config.StrategyOwn && !asked.all {
		return web.Response{}, autherr.New(autherr.NotFound, "no_own_sessions")
	}
	grant, err := k.Authenticate(ctx, r)
	if err != nil {
		return web.Response{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	caller, sessions := grant.Principal, k.sessionsFor(k.address(r))
	switch {
	case asked.all:
		err = sessions.RevokeAll(ctx, caller.UserID)
	case asked.others:
		err = sessions.RevokeOthers(ctx, caller.UserID, caller.SessionID)
	default:
		err = sessions.Revoke(ctx, caller.UserID, asked.id)
	}
	if err != nil {
		return web.Response{}, err
	}
	response := web.NoContent()
	if grant.Transport == config.TransportCookie && (asked.all || asked.id == caller.SessionID) {
		response = response.WithCookie(k.cookie.Clear())
	}
	return response, nil
}

func readRevocation(r web.Request) (revocation, error) {
	body, err := readObject(r, "id", "all", "others")
	if err != nil {
		return revocation{}, err
	}
	var asked revocation
	if asked.id, err = text(body, "id"); err != nil {
		return revocation{}, err
	}
	if asked.all, err = flag(body, "all"); err != nil {
		return revocation{}, err
	}
	if asked.others, err = flag(body, "others"); err != nil {
		return revocation{}, err
	}
	named := 0
	for _, set := range []bool{asked.id != "", asked.all, asked.others} {
		if set {
			named++
		}
	}
	if named != 1 {
		return revocation{}, autherr.New(autherr.InvalidRequest, "not_one_of_id_all_others")
	}
	return asked, nil
}
