package core

import (
	"context"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/session"
)

// Sessions lists, revokes and renews users' sessions; see [Kit.Sessions]. Each
// revocation is logged with the acting caller, which is the one in the context.
//
// Errors by code, of all methods: NotFound where the configuration stores no
// users; TemporarilyUnavailable if the database failed, and then sessions may
// still be active: repeat the call.
type Sessions struct {
	kit     *Kit
	address string // of the client; "" if the application calls
}

// Sessions returns the administration of sessions.
func (k *Kit) Sessions() Sessions { return Sessions{kit: k} }

// List returns the user's active own sessions, newest first. In the list of the
// caller in ctx the session of the request is the current one.
func (s Sessions) List(ctx context.Context, user identity.UserID) ([]session.View, error) {
	db, err := s.kit.storage()
	if err != nil {
		return nil, err
	}
	active, err := db.Sessions().List(ctx, user, s.kit.now())
	if err != nil {
		return nil, autherr.StoreFailed(err)
	}
	format := config.FormatOpaque
	if s.kit.jwtBlock() != nil {
		format = config.FormatJWT
	}
	caller, _ := PrincipalFromContext(ctx)
	views := make([]session.View, len(active))
	for i, s := range active {
		views[i] = s.View()
		views[i].Format = format
		views[i].Current = s.ID == caller.SessionID
	}
	return views, nil
}

// Revoke revokes one own session of the user, by its public id.
//
// Further errors by code: NotFound if the user has no such active session, even
// if another user has.
func (s Sessions) Revoke(ctx context.Context, user identity.UserID, id string) error {
	db, err := s.kit.storage()
	if err != nil {
		return err
	}
	err = db.Sessions().Revoke(ctx, user, id, "revoked", s.kit.now())
	switch {
	case errors.Is(err, session.ErrNotFound):
		return autherr.New(autherr.NotFound, "unknown_session")
	case err != nil:
		return autherr.StoreFailed(err)
	}
	s.logRevocation(ctx, user, "revoked", id)
	return nil
}

// RevokeOthers revokes all own sessions of the user except the one with the
// public id current. A provider's token that was issued before can still be used
// for a login.
func (s Sessions) RevokeOthers(ctx context.Context, user identity.UserID, current string) error {
	db, err := s.kit.storage()
	if err != nil {
		return err
	}
	if _, err := db.Sessions().RevokeAll(ctx, user, current, "revoked_others", s.kit.now()); err != nil {
		return autherr.StoreFailed(err)
	}
	s.logRevocation(ctx, user, "revoked_others", current)
	return nil
}

// RevokeAll revokes all own sessions of the user, and every provider's token
// issued until now: it neither authenticates the user nor can it be used for a
// login. The user stays enabled.
//
// Tokens contain the second of their issue. Those issued in the second of the call
// are revoked too, also if they were issued after it: for less than a second, a
// login with a new token is rejected with invalid_token. A test that signs in again
// advances the clock of [WithClock] to the next full second. If the provider's clock
// is ahead, the tokens that it issued in that time before the call stay valid.
//
// Further errors by code: NotFound if there is no such user.
func (s Sessions) RevokeAll(ctx context.Context, user identity.UserID) error {
	if err := s.kit.revokeAll(ctx, user, "revoked_all"); err != nil {
		return err
	}
	s.logRevocation(ctx, user, "revoked_all", "")
	return nil
}

// logRevocation logs the session that was revoked or, where the others were, kept.
func (s Sessions) logRevocation(ctx context.Context, user identity.UserID, reason, id string) {
	s.kit.log.InfoContext(ctx, "sessions revoked", "event", "session_revoked", "reason", reason,
		"user_id", user.String(), "session_id", id, "address", s.address, "actor_user_id", actorID(ctx))
}

// revokeAll moves the user's not-before first: a concurrent login either reads
// it, or its session is revoked by what follows.
func (k *Kit) revokeAll(ctx context.Context, user identity.UserID, reason string) error {
	return k.shutOut(ctx, user, reason, account.Store.SetNotBefore)
}

// shutOut changes the user's record with change, and then revokes its sessions.
func (k *Kit) shutOut(
	ctx context.Context, user identity.UserID, reason string,
	change func(account.Store, context.Context, identity.UserID, time.Time) error,
) error {
	db, err := k.storage()
	if err != nil {
		return err
	}
	at := k.now()
	if err := change(db.Accounts(), ctx, user, nextSecond(at)); err != nil {
		return accountError(err)
	}
	if _, err := db.Sessions().RevokeAll(ctx, user, "", reason, at); err != nil {
		return autherr.StoreFailed(err)
	}
	return nil
}

// nextSecond returns the first full second that is not before t.
func nextSecond(t time.Time) time.Time {
	if second := t.Truncate(time.Second); second.Before(t) {
		return second.Add(time.Second)
	}
	return t
}

// Renewed is the new token of a session. The application sends one of the two.
type Renewed struct {
	SetCookies []string // values of Set-Cookie fields; empty if the request had a bearer token
	Token      string   // bearer token; "" if the request had a cookie

	// RefreshToken is that of a bearer token in format "jwt"; "" otherwise.
	RefreshToken string
}

// renewer is a strategy whose sessions can get a new token.
type renewer interface {
	Renew(ctx context.Context, c session.Credential) (session.Issued, error)
}

// Renew gives the own session of the caller in ctx a new token, which is due when
// the caller's privileges change (OWASP ASVS 5.0, 7.2.4). The old token becomes
// invalid at once; public id, expiries and time of authentication stay. A session in
// format "jwt" gets a new refresh token too, and the old one becomes invalid at once;
// the old access token stays valid until it expires.
//
// Further errors by code: Unauthenticated if ctx has no caller; NotFound where
// sessions are the provider's tokens; InvalidToken if the session was revoked
// meanwhile.
func (s Sessions) Renew(ctx context.Context) (Renewed, error) {
	c := callerIn(ctx)
	if c == nil {
		return Renewed{}, autherr.New(autherr.Unauthenticated, "no_caller")
	}
	own, ok := c.credential.block.Strategy.(renewer)
	if !ok {
		return Renewed{}, autherr.New(autherr.NotFound, "no_own_sessions")
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	issued, err := own.Renew(ctx, c.credential.Credential)
	if err != nil {
		return Renewed{}, err
	}
	if c.credential.Transport == config.TransportBearer {
		return Renewed{Token: issued.Token, RefreshToken: issued.RefreshToken}, nil
	}
	sent := func(httpapi.Cookie) int { return 1 }
	return Renewed{SetCookies: s.kit.setCookies(c.credential.block, sent, issued)}, nil
}
