package ownjwt

import (
	"context"
	"errors"
	"slices"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// maxExchanges bounds how often an exchange is attempted that others overtake. Each
// time the stored session has changed.
const maxExchanges = 3

// Refresh is a refresh token that may be exchanged.
type Refresh struct {
	strategy  *Strategy
	transport string
	token     refreshToken
	keys      [][]byte // HMAC keys; new tokens are made with the first
	session   session.Session
	decision  decision
}

// Refresh returns the presented refresh token if it may be exchanged. A token that
// was exchanged before, except within the grace, revokes its session.
//
// Errors by code: InvalidToken; TemporarilyUnavailable.
func (s *Strategy) Refresh(ctx context.Context, c session.Credential) (*Refresh, error) {
	if !slices.Contains(s.settings.Transport, c.Transport) {
		return nil, autherr.New(autherr.InvalidToken, "transport_not_listed")
	}
	r := &Refresh{strategy: s, transport: c.Transport}
	if err := r.find(ctx, c.Token); err != nil {
		return nil, err
	}
	return r, r.check(ctx)
}

// Principal returns the caller.
func (r *Refresh) Principal() identity.Principal { return r.session.Principal() }

// Exchange returns new tokens: of concurrent and repeated exchanges of one token
// all return the same refresh token. It is one conditional write.
//
// Errors by code: InvalidToken if the session was revoked, or the refresh token
// used, meanwhile; TemporarilyUnavailable, and then the exchange can be repeated.
func (r *Refresh) Exchange(ctx context.Context) (session.Issued, error) {
	for range maxExchanges {
		issued, err := r.attempt(ctx)
		if !errors.Is(err, session.ErrNotFound) {
			return issued, err
		}
		if err := r.reload(ctx); err != nil {
			return session.Issued{}, err
		}
		if err := r.check(ctx); err != nil {
			return session.Issued{}, err
		}
	}
	return session.Issued{}, autherr.New(autherr.TemporarilyUnavailable, "refresh_overtaken")
}

// attempt returns [session.ErrNotFound] if the stored session has changed.
func (r *Refresh) attempt(ctx context.Context) (session.Issued, error) {
	if r.decision == tokenRepeated {
		next, ok := successorOf(r.token, r.session, r.keys)
		if !ok {
			return session.Issued{}, autherr.New(autherr.InvalidToken, "refresh_key_revoked")
		}
		return r.strategy.issue(ctx, r.session, next)
	}
	next := r.token.successor(r.keys[0], r.session.ID)
	refreshed := r.session
	refreshed.LastSeenAt = r.strategy.own.Now()
	refreshed.IdleExpiresAt = r.strategy.own.IdleExpiry(refreshed.LastSeenAt, refreshed.ExpiresAt)
	issued, err := r.strategy.issue(ctx, refreshed, next) // first: the token must not be spent in vain
	if err != nil {
		return session.Issued{}, err
	}
	err = r.strategy.store.Advance(ctx, session.Exchange{
		Lookup:      r.token.lookup,
		Presented:   r.token.hash(),
		Next:        next.hash(),
		At:          refreshed.LastSeenAt,
		IdleExpires: refreshed.IdleExpiresAt,
	})
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		return session.Issued{}, autherr.StoreFailed(err)
	}
	return issued, err
}

// find parses a token and finds its session, active or not.
//
// Errors by code: InvalidToken if the kit did not issue the token, or issued it for
// another transport; TemporarilyUnavailable.
func (r *Refresh) find(ctx context.Context, raw string) (err error) {
	var ok bool
	if r.token, ok = parseRefreshToken(raw); !ok {
		return autherr.New(autherr.InvalidToken, "malformed_token")
	}
	if r.keys, err = r.strategy.keys.RefreshKeys(ctx); err != nil {
		return err
	}
	return r.reload(ctx)
}

// reload reads the session and decides about the token.
func (r *Refresh) reload(ctx context.Context) error {
	stored, err := r.strategy.store.FindRefresh(ctx, r.token.lookup)
	unknown := errors.Is(err, session.ErrNotFound)
	if err != nil && !unknown {
		return autherr.StoreFailed(err)
	}
	// An unknown session takes as long as a wrong secret.
	r.session = stored
	r.decision = decide(r.token, stored, r.keys, r.strategy.settings.RefreshGrace.Std(), r.strategy.own.Now())
	switch {
	case unknown:
		return autherr.New(autherr.InvalidToken, "unknown_session")
	case r.decision == tokenForged:
		return autherr.New(autherr.InvalidToken, "wrong_secret")
	case stored.Transport != r.transport:
		return autherr.New(autherr.InvalidToken, "wrong_transport")
	}
	return nil
}

// check returns nil if the token may be exchanged. If it was exchanged before, the
// session is revoked.
func (r *Refresh) check(ctx context.Context) error {
	if err := r.strategy.own.CheckActive(ctx, r.session, r.strategy.own.Now()); err != nil {
		return err
	}
	if r.decision != tokenReused {
		return nil
	}
	const reason = "refresh_reused"
	ended, err := r.strategy.own.Revoke(ctx, r.session, reason)
	if err != nil {
		return err
	}
	if ended != nil {
		r.strategy.log.WarnContext(ctx, "a refresh token was used again: its session is revoked", "event", reason,
			"provider", ended.Provider, "user_id", ended.UserID.String(), "session_id", ended.ID)
	}
	return autherr.New(autherr.InvalidToken, reason)
}
