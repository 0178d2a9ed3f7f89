package memstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

var errExists = errors.New("memstore: there is such a session already")

type sessions struct{ db *DB }

var _ session.Store = sessions{}

func (s sessions) Create(ctx context.Context, r session.Record, login identity.User, limit int) error {
	end, err := s.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if _, exists := s.db.sessions[r.Lookup]; exists {
		return errExists
	}
	login.ID, login.IdentityID = r.UserID, r.IdentityID
	if !s.db.recordLogin(login) {
		return session.ErrNotFound
	}
	for i, other := range s.live(r.UserID, r.CreatedAt) {
		if i >= limit-1 {
			revoke(other, "max_per_user", r.CreatedAt)
		}
	}
	stored := atRest(r)
	s.db.sessions[r.Lookup] = stored
	s.db.byUser[r.UserID] = append(s.db.byUser[r.UserID], stored)
	return nil
}

func (s sessions) Find(ctx context.Context, l session.Lookup) (session.Record, session.Owner, error) {
	end, err := s.db.begin(ctx)
	if err != nil {
		return session.Record{}, session.Owner{}, err
	}
	defer end()
	r, ok := s.db.sessions[l]
	if !ok {
		return session.Record{}, session.Owner{}, session.ErrNotFound
	}
	found, user := *r, s.db.users[r.UserID]
	found.IdentityID, found.UserAgent, found.Address = uuid.Nil, "", ""
	return found, session.Owner{Disabled: user.Disabled, NotBefore: user.NotBefore}, nil
}

func (s sessions) Touch(ctx context.Context, l session.Lookup, lastSeen, idleExpires time.Time) error {
	end, err := s.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if r, ok := s.db.sessions[l]; ok && r.RevokedAt.IsZero() {
		r.LastSeenAt, r.IdleExpiresAt = instant(lastSeen), instant(idleExpires)
	}
	return nil
}

func (s sessions) Rotate(ctx context.Context, old, next session.Lookup, hash [32]byte) error {
	end, err := s.db.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	r, ok := s.db.sessions[old]
	if !ok || !r.RevokedAt.IsZero() {
		return session.ErrNotFound
	}
	delete(s.db.sessions, old)
	r.Lookup, r.SecretHash = next, hash
	s.db.sessions[next] = r
	return nil
}

func (s sessions) List(ctx context.Context, user identity.UserID, now time.Time) ([]session.Record, error) {
	end, err := s.db.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	var list []session.Record
	for _, r := range s.live(user, now) {
		public := *r
		public.Lookup, public.SecretHash = session.Lookup{}, [32]byte{}
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
	for _, r := range s.live(user, at) {
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
	for _, r := range s.live(user, at) {
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
			s.db.byUser[r.UserID] = slices.DeleteFunc(s.db.byUser[r.UserID], func(other *session.Record) bool { return other == r })
			swept++
		}
	}
	return swept, nil
}

// live returns the user's sessions that have not ended by themselves at now,
// in place, newest first.
func (s sessions) live(user identity.UserID, now time.Time) []*session.Record {
	var live []*session.Record
	for _, r := range s.db.byUser[user] {
		if r.LiveAt(now, session.Owner{}) {
			live = append(live, r)
		}
	}
	slices.Reverse(live) // of two that were created at the same moment, the later one is newer
	slices.SortStableFunc(live, func(a, b *session.Record) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return live
}

func revoke(r *session.Record, reason string, at time.Time) {
	r.RevokedAt, r.RevokeReason = instant(at), reason
}

func endedBefore(r *session.Record, moment time.Time) bool {
	over := func(end time.Time) bool { return !end.IsZero() && end.Before(moment) }
	return over(r.ExpiresAt) || over(r.IdleExpiresAt) || over(r.RevokedAt)
}

func atRest(r session.Record) *session.Record {
	r.Claims = maps.Clone(r.Claims)
	for _, t := range []*time.Time{&r.CreatedAt, &r.AuthenticatedAt, &r.LastSeenAt, &r.IdleExpiresAt, &r.ExpiresAt, &r.RevokedAt} {
		*t = instant(*t)
	}
	return &r
}
