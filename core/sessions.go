package core

import (
	"context"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// Sessions lists, ends and renews users' sessions, and logs what it ends.
type Sessions struct {
	*session.Directory
	kit     *Kit
	address string // of the caller who asks; "" for the application itself
}

// Sessions returns what lists, ends and renews sessions; nil where there are
// no users.
func (k *Kit) Sessions() *Sessions { return k.sessionsFor("") }

func (k *Kit) sessionsFor(address string) *Sessions {
	if k.directory == nil {
		return nil
	}
	return &Sessions{Directory: k.directory, kit: k, address: address}
}

// Revoke is [session.Directory.Revoke].
func (s *Sessions) Revoke(ctx context.Context, user identity.UserID, id string) error {
	return s.revoked(ctx, user, "revoked", id, s.Directory.Revoke(ctx, user, id))
}

// RevokeOthers is [session.Directory.RevokeOthers].
func (s *Sessions) RevokeOthers(ctx context.Context, user identity.UserID, current string) error {
	return s.revoked(ctx, user, "revoked_others", current, s.Directory.RevokeOthers(ctx, user, current))
}

// RevokeAll is [session.Directory.RevokeAll].
func (s *Sessions) RevokeAll(ctx context.Context, user identity.UserID) error {
	return s.revoked(ctx, user, "revoked_all", "", s.Directory.RevokeAll(ctx, user))
}

// revoked logs a revocation, unless it failed. id is the session that was ended
// or, where the others were, left.
func (s *Sessions) revoked(ctx context.Context, user identity.UserID, reason, id string, err error) error {
	if err == nil {
		s.kit.log.InfoContext(ctx, "sessions revoked", "event", "session_revoked", "reason", reason,
			"user_id", user.String(), "session_id", id, "address", s.address)
	}
	return err
}

// Renewed is the new token of a session. The application sends one of the two.
type Renewed struct {
	SetCookie string // value of a Set-Cookie line; "" where the session travels as bearer
	Token     string // "" where the session travels in a cookie
}

// Renew gives the session of the caller in ctx a new token, as is due when
// somebody gains privileges (OWASP ASVS 5.0, 7.2.4). The old token is dead at
// once; public id, ends and time of authentication stay.
//
// Errors by code: Unauthenticated if no guard recognised a caller; NotFound
// where sessions are the provider's tokens; InvalidToken if the session has
// ended meanwhile; TemporarilyUnavailable.
func (s *Sessions) Renew(ctx context.Context) (Renewed, error) {
	c := callerIn(ctx)
	if c == nil {
		return Renewed{}, autherr.New(autherr.Unauthenticated, "no_caller")
	}
	own, ok := s.kit.strategy.(*session.Own)
	if !ok {
		return Renewed{}, autherr.New(autherr.NotFound, "no_own_sessions")
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	issued, err := own.Renew(ctx, c.credential)
	if err != nil {
		return Renewed{}, err
	}
	if c.credential.Transport == config.TransportBearer {
		return Renewed{Token: issued.Token}, nil
	}
	return Renewed{SetCookie: s.kit.cookie.Set(issued.Token, s.kit.lifetime(issued.Session))}, nil
}
