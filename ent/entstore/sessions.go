package entstore

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/internal/entgen"
	entidentity "github.com/cotterpin/cotterpin/ent/internal/entgen/identity"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/predicate"
	entsession "github.com/cotterpin/cotterpin/ent/internal/entgen/session"
	"github.com/cotterpin/cotterpin/ent/internal/entgen/user"
)

// selectSession reads a session and what decides about it; scanSession knows
// the columns. Every request asks this.
const selectSession = `
	SELECT s.id, s.lookup, s.secret_hash, s.user_id, s.identity_id,
	       s.provider, s.issuer, s.subject, s.auth_method, s.transport, s.claims,
	       s.created_ms, s.authenticated_ms, s.last_seen_ms, s.idle_expires_ms, s.expires_ms,
	       s.revoked_ms, s.revoke_reason, s.user_agent, s.address,
	       u.disabled_ms, u.not_before_ms
	FROM auth_sessions AS s JOIN auth_users AS u ON u.id = s.user_id
	WHERE s.lookup = ?`

// reasonMaxPerUser is why the oldest sessions of a user are revoked.
const reasonMaxPerUser = "max_per_user"

// sweepBatch bounds a sweep: it is one statement, and others wait for it.
const sweepBatch = 1000

// sessions is the session.Store.
type sessions struct {
	engine
	byLookup *sql.Stmt
}

var _ session.Store = (*sessions)(nil)

func newSessions(ctx context.Context, e engine) (*sessions, error) {
	byLookup, err := e.prepare(ctx, selectSession)
	if err != nil {
		return nil, err
	}
	return &sessions{engine: e, byLookup: byLookup}, nil
}

func (s *sessions) close() error { return release(s.byLookup) }

// Create implements session.Store. The new session is never among those that
// are ended for it, whatever the clocks of several machines say.
func (s *sessions) Create(ctx context.Context, r session.Record, limit int) error {
	return s.dialect.persist(func() error {
		return s.inTx(ctx, func(_ *sql.Tx, client *entgen.Client) error {
			if err := s.lockOwner(ctx, client, r); err != nil {
				return err
			}
			err := createSession(ctx, client, r)
			switch {
			case s.dialect.IsForeignKey(err): // deleted since
				return session.ErrNotFound
			case err != nil:
				return fmt.Errorf("entstore: creating a session: %w", err)
			}
			return endSurplus(ctx, client, r, limit)
		})
	})
}

// lockOwner makes those who create a session for one user wait for each other,
// or each would count without the sessions of the others. It also sees what the
// foreign keys cannot say: that the identity is one of the user's.
func (s *sessions) lockOwner(ctx context.Context, client *entgen.Client, r session.Record) error {
	owner := client.User.Query().
		Where(user.ID(r.UserID), user.HasIdentitiesWith(entidentity.ID(r.IdentityID)))
	if s.dialect.locksRows() {
		owner.Modify(func(s *entsql.Selector) { s.ForUpdate() })
	}
	exists, err := owner.Exist(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("entstore: looking for the owner of a session: %w", err)
	case !exists:
		return session.ErrNotFound
	}
	return nil
}

func endSurplus(ctx context.Context, client *entgen.Client, r session.Record, limit int) error {
	surplus, err := client.Session.Query().
		Where(entsession.UserID(r.UserID), entsession.IDNEQ(r.ID), live(r.CreatedAt)).
		Order(newestFirst).
		Offset(limit - 1).Limit(math.MaxInt32). // MySQL has no offset without a limit
		IDs(ctx)
	if err != nil {
		return fmt.Errorf("entstore: counting sessions: %w", err)
	}
	if len(surplus) == 0 {
		return nil
	}
	_, err = revoke(ctx, client, reasonMaxPerUser, r.CreatedAt, entsession.IDIn(surplus...))
	if err != nil {
		return fmt.Errorf("entstore: ending the oldest sessions: %w", err)
	}
	return nil
}

// Find implements session.Store.
func (s *sessions) Find(ctx context.Context, l session.Lookup) (session.Record, session.Owner, error) {
	return scanSession(s.byLookup.QueryRowContext(ctx, l[:]))
}

// Touch implements session.Store.
func (s *sessions) Touch(ctx context.Context, l session.Lookup, lastSeen, idleExpires time.Time) error {
	touch := s.client.Session.Update().
		Where(entsession.Lookup(l[:]), entsession.RevokedMsIsNil()).
		SetLastSeenMs(toMillis(lastSeen))
	if idleExpires.IsZero() {
		touch.ClearIdleExpiresMs()
	} else {
		touch.SetIdleExpiresMs(toMillis(idleExpires))
	}
	if err := touch.Exec(ctx); err != nil {
		return fmt.Errorf("entstore: touching a session: %w", err)
	}
	return nil
}

// Rotate implements session.Store.
func (s *sessions) Rotate(ctx context.Context, old, next session.Lookup, hash [32]byte) error {
	found, err := s.client.Session.Update().
		Where(entsession.Lookup(old[:]), entsession.RevokedMsIsNil()).
		SetLookup(next[:]).
		SetSecretHash(hash[:]).
		Save(ctx)
	return oneFound("rotating a session", found, err, session.ErrNotFound)
}

// List implements session.Store.
func (s *sessions) List(ctx context.Context, owner identity.UserID, now time.Time) ([]session.Record, error) {
	rows, err := s.client.Session.Query().
		Where(entsession.UserID(owner), live(now)).
		Order(newestFirst).
		All(ctx)
	if err != nil {
		return nil, fmt.Errorf("entstore: listing sessions: %w", err)
	}
	records := make([]session.Record, len(rows))
	for i, row := range rows {
		if records[i], err = toRecord(row); err != nil {
			return nil, err
		}
		records[i].Lookup, records[i].SecretHash = session.Lookup{}, [32]byte{}
	}
	return records, nil
}

// Revoke implements session.Store. An id comes from a caller: PostgreSQL fails
// where it is not text.
func (s *sessions) Revoke(ctx context.Context, owner identity.UserID, id, reason string, at time.Time) error {
	if !utf8.ValidString(id) || strings.ContainsRune(id, 0) {
		return session.ErrNotFound
	}
	ended, err := revoke(ctx, s.client, reason, at, entsession.UserID(owner), entsession.ID(id), live(at))
	return oneFound("revoking a session", ended, err, session.ErrNotFound)
}

// RevokeAll implements session.Store.
func (s *sessions) RevokeAll(ctx context.Context, owner identity.UserID, except, reason string, at time.Time) (int, error) {
	ended, err := revoke(ctx, s.client, reason, at, entsession.UserID(owner), entsession.IDNEQ(except), live(at))
	if err != nil {
		return 0, fmt.Errorf("entstore: revoking sessions: %w", err)
	}
	return ended, nil
}

// revoke ends the sessions and returns how many it ended. One that another
// caller has just ended stays as that caller left it.
func revoke(ctx context.Context, client *entgen.Client, reason string, at time.Time, which ...predicate.Session) (int, error) {
	return client.Session.Update().
		Where(which...).Where(entsession.RevokedMsIsNil()).
		SetRevokedMs(toMillis(at)).
		SetRevokeReason(reason).
		Save(ctx)
}

// Sweep implements session.Store. However many are asked for, it deletes at
// most 1000: others wait while it does.
func (s *sessions) Sweep(ctx context.Context, before time.Time, limit int) (int, error) {
	ids, err := s.client.Session.Query().
		Where(endedBefore(before)).
		Limit(min(limit, sweepBatch)).
		IDs(ctx)
	if err != nil {
		return 0, fmt.Errorf("entstore: looking for ended sessions: %w", err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	swept, err := s.client.Session.Delete().Where(entsession.IDIn(ids...)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("entstore: deleting ended sessions: %w", err)
	}
	return swept, nil
}

// live selects the sessions that have not ended at a moment, whatever is true
// of their user.
func live(at time.Time) predicate.Session {
	now := toMillis(at)
	return entsession.And(
		entsession.RevokedMsIsNil(),
		entsession.ExpiresMsGT(now),
		entsession.Or(entsession.IdleExpiresMsIsNil(), entsession.IdleExpiresMsGT(now)),
	)
}

// endedBefore selects the sessions that had ended before a moment.
func endedBefore(at time.Time) predicate.Session {
	moment := toMillis(at)
	return entsession.Or(
		entsession.ExpiresMsLT(moment),
		entsession.IdleExpiresMsLT(moment),
		entsession.RevokedMsLT(moment),
	)
}

func newestFirst(s *entsql.Selector) {
	s.OrderBy(entsql.Desc(s.C(entsession.FieldCreatedMs)), entsql.Desc(s.C(entsession.FieldID)))
}
