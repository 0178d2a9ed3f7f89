package core

import (
	"context"
	"errors"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/verify"
)

// Signal is a message of a provider that the caller of [Kit.Signal] has verified,
// such as a webhook: a session at the provider has ended, or a user may no longer be
// signed in.
type Signal struct {
	// Issuer is the provider's iss, as tokens and users have it. Required.
	Issuer string

	// ProviderSession is the sid of a session at the provider. The own sessions that
	// began with its tokens are revoked, and its tokens are rejected. No session begins
	// with it until login_max_age of the provider block has passed, with session
	// "provider_token" or login_max_age = "0s" for 30 days.
	ProviderSession string

	// Subject is the sub of a user. Without ProviderSession and Disable, all its
	// sessions and all tokens issued until now are revoked, as by
	// [Sessions.RevokeAll]. An unknown user is not an error: nothing is revoked.
	Subject string

	// Disable disables the user with that Subject, as [Users.Disable] does.
	Disable bool

	// ID is the id of the message, unique at the issuer: the signal is applied once.
	// From ExpiresAt on the caller rejects the message itself, and the ID is deleted.
	// A signal with an empty ID is applied each time.
	ID        string
	ExpiresAt time.Time
}

// reasonSignal is why the sessions of a signal end.
const reasonSignal = "provider_signal"

// maxTokenLife is how long the end of a session at its provider is stored if the
// configuration does not limit how long its tokens can be used.
const maxTokenLife = 30 * 24 * time.Hour

// Signal ends what the provider has ended, and records the ID, in one transaction.
// It returns when everything has ended on this node; on others it takes effect as a
// revocation does. applied is false if a signal with the ID was applied before: then
// nothing has changed.
//
// Errors by code: InvalidRequest if Issuer is that of no provider block, or if
// neither ProviderSession nor Subject is set, or Disable without Subject; NotFound
// where the configuration stores no users; TemporarilyUnavailable if the database
// failed: nothing was applied, or the outcome is unknown, and the call may be
// repeated.
func (k *Kit) Signal(ctx context.Context, s Signal) (applied bool, err error) {
	db, err := k.storage()
	if err != nil {
		return false, err
	}
	if err := k.checkSignal(s); err != nil {
		return false, err
	}
	var users []identity.UserID
	err = db.Accounts().Transact(ctx, nil, func(ctx context.Context, tx account.Tx) (err error) {
		users, err = k.apply(ctx, tx, s)
		return err
	})
	switch {
	case errors.Is(err, account.ErrConflict):
		return false, nil
	case err != nil:
		return false, autherr.StoreFailed(err)
	}
	k.logSignal(ctx, s, users)
	return true, nil
}

func (k *Kit) checkSignal(s Signal) error {
	switch {
	case k.providers.LoginWindow(s.Issuer, maxTokenLife) == 0:
		return autherr.New(autherr.InvalidRequest, "unknown_issuer")
	case s.Subject == "" && (s.ProviderSession == "" || s.Disable):
		return autherr.New(autherr.InvalidRequest, "signal_without_subject")
	}
	return nil
}

// apply returns the users whose sessions it ended.
func (k *Kit) apply(ctx context.Context, tx account.Tx, s Signal) (users []identity.UserID, err error) {
	if s.ID != "" {
		if err := tx.Record(ctx, verify.MessageMark(s.Issuer, s.ID), s.ExpiresAt); err != nil {
			return nil, err
		}
	}
	now := k.now()
	if s.ProviderSession != "" {
		mark := verify.SessionMark(s.Issuer, s.ProviderSession)
		if users, err = tx.EndProviderSession(ctx, mark, reasonSignal, now, now.Add(k.endedFor(s.Issuer))); err != nil {
			return nil, err
		}
		if !s.Disable {
			return users, nil
		}
	}
	user, err := tx.Find(ctx, identity.Key{Issuer: s.Issuer, Subject: s.Subject})
	switch {
	case errors.Is(err, account.ErrNotFound):
		return users, nil
	case err != nil:
		return nil, err
	}
	shutOut := tx.SetNotBefore
	if s.Disable {
		shutOut = tx.Disable
	}
	if err := shutOut(ctx, user.ID, nextSecond(now)); err != nil {
		return nil, err
	}
	return append(users, user.ID), tx.RevokeSessions(ctx, user.ID, reasonSignal, now)
}

// endedFor returns how long tokens that an issuer has issued until now could be used.
func (k *Kit) endedFor(issuer string) time.Duration {
	window := k.providers.LoginWindow(issuer, maxTokenLife)
	if k.block(config.StrategyProviderToken) != nil {
		return max(window, maxTokenLife)
	}
	return window
}

func (k *Kit) logSignal(ctx context.Context, s Signal, users []identity.UserID) {
	k.log.InfoContext(ctx, "provider signal", "event", "provider_signal", "issuer", s.Issuer, "users", len(users), "actor_user_id", actorID(ctx))
	for _, user := range users {
		k.log.InfoContext(ctx, "sessions revoked", "event", "session_revoked", "reason", reasonSignal,
			"user_id", user.String(), "issuer", s.Issuer, "actor_user_id", actorID(ctx))
		if s.Disable {
			Users{k}.logChange(ctx, "user_disabled", user)
		}
	}
}
