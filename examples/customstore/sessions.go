package customstore

import (
	"context"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

type sessions struct{ *DB }

func (s sessions) Find(ctx context.Context, l session.Lookup) (session.Session, error) {
	found, err := s.FindRefresh(ctx, l)
	return withoutRefresh(found), err
}

// withoutRefresh returns the session without the fields of its refresh token.
func withoutRefresh(s session.Session) session.Session {
	s.Generation, s.PreviousHash, s.RefreshedAt = 0, [32]byte{}, time.Time{}
	return s
}

func (s sessions) FindRefresh(ctx context.Context, l session.Lookup) (found session.Session, err error) {
	err = s.atomically(ctx, func() error {
		stored, ok := s.sessions[l]
		if !ok {
			return session.ErrNotFound
		}
		found = s.withUser(stored)
		return nil
	})
	return found, err
}

func (s sessions) FindByID(ctx context.Context, user identity.UserID, id string) (found session.Session, err error) {
	err = s.atomically(ctx, func() error {
		for _, stored := range s.sessions {
			if stored.UserID == user && stored.ID == id {
				found = s.withUser(stored)
				return nil
			}
		}
		return session.ErrNotFound
	})
	return found, err
}

// withUser returns the session as FindRefresh reads it.
func (db *DB) withUser(s session.Session) session.Session {
	user := db.users[s.UserID]
	s.IdentityID, s.ProviderSession, s.UserAgent, s.Address = uuid.Nil, "", "", ""
	s.ExternalID, s.UserDisabled, s.UserNotBefore = user.ExternalID, user.Disabled, user.NotBefore
	return s
}

func (s sessions) Touch(ctx context.Context, l session.Lookup, lastSeen, idleExpires time.Time) error {
	return s.atomically(ctx, func() error {
		if r, ok := s.sessions[l]; ok && r.RevokedAt.IsZero() {
			toMillis(&lastSeen, &idleExpires)
			r.LastSeenAt, r.IdleExpiresAt = lastSeen, idleExpires
			s.sessions[l] = r
		}
		return nil
	})
}

func (s sessions) Rotate(ctx context.Context, user identity.UserID, old, next session.Lookup, hash [32]byte) error {
	return s.atomically(ctx, func() error {
		r, ok := s.sessions[old]
		if !ok || r.UserID != user || !r.RevokedAt.IsZero() {
			return session.ErrNotFound
		}
		delete(s.sessions, old)
		r.Lookup, r.SecretHash = next, hash
		s.sessions[next] = r
		return nil
	})
}

func (s sessions) Advance(ctx context.Context, e session.Exchange) error {
	return s.atomically(ctx, func() error {
		r, ok := s.sessions[e.Lookup]
		if !ok || r.SecretHash != e.Presented || !r.ActiveAt(e.At) {
			return session.ErrNotFound
		}
		toMillis(&e.At, &e.IdleExpires)
		r.Generation++
		r.PreviousHash, r.SecretHash = e.Presented, e.Next
		r.RefreshedAt, r.LastSeenAt, r.IdleExpiresAt = e.At, e.At, e.IdleExpires
		s.sessions[e.Lookup] = r
		return nil
	})
}

func (s sessions) List(ctx context.Context, user identity.UserID, now time.Time) (list []session.Session, err error) {
	err = s.atomically(ctx, func() error {
		list = s.active(user, now)
		for i, r := range list {
			list[i] = withoutRefresh(r)
			list[i].Lookup, list[i].SecretHash, list[i].ProviderSession = session.Lookup{}, [32]byte{}, ""
		}
		return nil
	})
	return list, err
}

func (s sessions) Revoke(ctx context.Context, user identity.UserID, id, reason string, at time.Time) error {
	return s.atomically(ctx, func() error {
		for _, r := range s.active(user, at) {
			if r.ID == id {
				s.revoke(r, reason, at)
				return nil
			}
		}
		return session.ErrNotFound
	})
}

func (s sessions) RevokeAll(ctx context.Context, user identity.UserID, except, reason string, at time.Time) (revoked int, err error) {
	err = s.atomically(ctx, func() error {
		for _, r := range s.active(user, at) {
			if r.ID != except {
				s.revoke(r, reason, at)
				revoked++
			}
		}
		return nil
	})
	return revoked, err
}

func (s sessions) Sweep(ctx context.Context, before time.Time, limit int) (swept int, err error) {
	past := func(end time.Time) bool { return !end.IsZero() && end.Before(before) }
	err = s.atomically(ctx, func() error {
		maps.DeleteFunc(s.sessions, func(_ session.Lookup, r session.Session) bool {
			ended := swept < limit && (past(r.ExpiresAt) || past(r.IdleExpiresAt) || past(r.RevokedAt))
			if ended {
				swept++
			}
			return ended
		})
		return nil
	})
	return swept, err
}
