package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

type sessions struct{ db *DB }

var _ session.Store = sessions{}

func (s sessions) Find(ctx context.Context, l session.Lookup) (session.Session, error) {
	found, err := s.FindRefresh(ctx, l)
	return withoutRefresh(found), err
}

// withoutRefresh returns the session without the fields of its refresh token.
func withoutRefresh(s session.Session) session.Session {
	s.Generation, s.PreviousHash, s.RefreshedAt = 0, [32]byte{}, time.Time{}
	return s
}

func (s sessions) FindRefresh(ctx context.Context, l session.Lookup) (session.Session, error) {
	end, err := s.db.begin(ctx)
	if err != nil {
		return session.Session{}, err
	}
	defer end()
	stored, ok := s.db.sessions[l]
	if !ok {
		return session.Session{}, session.ErrNotFound
	}
	return s.db.withUser(*stored), nil
}

func (s sessions) FindByID(ctx context.Context, user identity.UserID, id string) (session.Session, error) {
	end, err := s.db.begin(ctx)
	if err != nil {
		return session.Session{}, err
	}
	defer end()
	for _, stored := range s.db.byUser[user] {
		if stored.ID == id {
			return s.db.withUser(*stored), nil
		}
	}
	return session.Session{}, session.ErrNotFound
}

// withUser returns the session as FindRefresh reads it.
func (db *DB) withUser(s session.Session) session.Session {
	user := db.users[s.UserID]
	s.IdentityID, s.ProviderSession, s.UserAgent, s.Address = uuid.Nil, "", "", ""
	s.ExternalID, s.UserDisabled, s.UserNotBefore = user.ExternalID, user.Disabled, user.NotBefore
	return s
}

func (s sessions) Touch(ctx context.Context, l session.Lookup, lastSeen, idleExpires time.Time) error {
	end, err := s.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if r, ok := s.db.sessions[l]; ok && r.RevokedAt.IsZero() {
		r.LastSeenAt, r.IdleExpiresAt = millis(lastSeen), millis(idleExpires)
	}
	return nil
}

func (s sessions) Rotate(ctx context.Context, user identity.UserID, old, next session.Lookup, hash [32]byte) error {
	end, err := s.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	r, ok := s.db.sessions[old]
	if !ok || r.UserID != user || !r.RevokedAt.IsZero() {
		return session.ErrNotFound
	}
	delete(s.db.sessions, old)
	r.Lookup, r.SecretHash = next, hash
	s.db.sessions[next] = r
	return nil
}

func (s sessions) Advance(ctx context.Context, e session.Exchange) error {
	end, err := s.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	r, ok := s.db.sessions[e.Lookup]
	if !ok || r.SecretHash != e.Presented || !r.ActiveAt(e.At) {
		return session.ErrNotFound
	}
	r.Generation++
	r.PreviousHash, r.SecretHash = e.Presented, e.Next
	r.RefreshedAt, r.LastSeenAt, r.IdleExpiresAt = millis(e.At), millis(e.At), millis(e.IdleExpires)
	return nil
}

func (s sessions) List(ctx context.Context, user identity.UserID, now time.Time) ([]session.Session, error) {
	end, err := s.db.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []session.Session
	for _, r := range s.db.active(user, now) {
		public := withoutRefresh(*r)
		public.Lookup, public.SecretHash, public.ProviderSession = session.Lookup{}, [32]byte{}, ""
		list = append(list, public)
	}
	return list, nil
}

func (s sessions) Revoke(ctx context.Context, user identity.UserID, id, reason string, at time.Time) error {
	end, err := s.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	for _, r := range s.db.active(user, at) {
		if r.ID == id {
			revoke(r, reason, at)
			return nil
		}
	}
	return session.ErrNotFound
}

func (s sessions) RevokeAll(ctx context.Context, user identity.UserID, except, reason string, at time.Time) (int, error) {
	end, err := s.db.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	ended := 0
	for _, r := range s.db.active(user, at) {
		if except == "" || r.ID != except {
			revoke(r, reason, at)
			ended++
		}
	}
	return ended, nil
}

func (s sessions) Sweep(ctx context.Context, before time.Time, limit int) (int, error) {
	end, err := s.db.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer end()
	swept := 0
	for lookup, r := range s.db.sessions {
		if swept == limit {
			break
		}
		if endedBefore(r, before) {
			delete(s.db.sessions, lookup)
			s.db.byUser[r.UserID] = slices.DeleteFunc(s.db.byUser[r.UserID], func(other *session.Session) bool { return other == r })
			swept++
		}
	}
	return swept, nil
}
