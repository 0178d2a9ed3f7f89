package session

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/settings"
)

// How often, and how much at once, the store is written to in passing.
const (
	maxTouchInterval = time.Hour // between two notes of when a session was last seen

	// sweepDelay keeps an ended session in the store for a while, so that a
	// node whose clock runs ahead deletes nothing that is live on another.
	sweepDelay = time.Hour
	sweepBatch = 500
)

// Own is the strategy of sessions that the kit keeps itself: opaque tokens
// that are looked up in the database at each request, so that logout, revoke,
// disable and delete are seen by the next request on every node.
//
// A session ends at its absolute end, after its idle time without a request,
// when it is revoked, and when its user is disabled, deleted, or has all
// credentials revoked. When it was last seen is written down at most every
// min(1 h, idle_ttl/10), so it may end that much early by idleness. All
// instants come from this process's clock, none from the database's.
type Own struct {
	settings settings.OwnSession
	store    Store
	now      func() time.Time
	log      *slog.Logger
}

var _ Strategy = (*Own)(nil)

// NewOwn returns the strategy. now and log must not be nil.
func NewOwn(s settings.OwnSession, store Store, now func() time.Time, log *slog.Logger) *Own {
	return &Own{settings: s, store: store, now: now, log: log}
}

// Name returns "own".
func (o *Own) Name() string { return settings.Own }

// Issue begins a new session, and ends the user's oldest over max_per_user.
// Every call makes a new token and a new public id; nothing that a caller
// presented is ever taken over.
//
// The session begins at the user's last login, not when Issue is called: all
// credentials of the user may have been revoked in between.
//
// Errors by code: TemporarilyUnavailable if the store failed, or if the user
// was deleted since the login; the login may be tried again.
func (o *Own) Issue(ctx context.Context, l Login) (Issued, error) {
	token := newOpaque()
	record := o.record(ctx, l, token)
	err := o.store.Create(ctx, record, o.settings.MaxPerUser)
	switch {
	case errors.Is(err, ErrNotFound):
		return Issued{}, autherr.Wrap(autherr.TemporarilyUnavailable, "user_deleted_meanwhile", err)
	case err != nil:
		return Issued{}, autherr.StoreFailed(err)
	}
	return Issued{Token: token.text(), Session: record.view()}, nil
}

// Check looks the session up, in one statement, and notes from time to time
// that it was seen. A failure to note is logged and does not fail the request.
//
// Errors by code: InvalidToken for every token that stands for no live session,
// or was issued for the other transport; TemporarilyUnavailable.
func (o *Own) Check(ctx context.Context, p Presented) (Grant, error) {
	now := o.instant()
	record, err := o.live(ctx, p, now)
	if err != nil {
		return Grant{}, err
	}
	record = o.touch(ctx, record, now)
	return Grant{Principal: record.principal(), Session: record.view(), Transport: record.Transport}, nil
}

// End revokes the session that a caller presented. What is dead, unknown or
// unparsable has nothing to end, and that is no error.
//
// Errors by code: TemporarilyUnavailable; the session may still be live.
func (o *Own) End(ctx context.Context, p Presented, reason string) error {
	record, _, err := o.find(ctx, p)
	switch {
	case autherr.CodeOf(err) == autherr.InvalidToken:
		return nil
	case err != nil:
		return err
	}
	err = o.store.Revoke(ctx, record.UserID, record.ID, reason, o.instant())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return autherr.StoreFailed(err)
	}
	return nil
}

// Renew gives a live session a new token, for when what its caller may do
// changes. The old token is dead at once; public id and ends stay.
//
// Errors by code: as Check.
func (o *Own) Renew(ctx context.Context, p Presented) (Issued, error) {
	record, err := o.live(ctx, p, o.instant())
	if err != nil {
		return Issued{}, err
	}
	next := newOpaque()
	err = o.store.Rotate(ctx, record.Lookup, next.lookup, next.hash())
	switch {
	case errors.Is(err, ErrNotFound):
		return Issued{}, autherr.New(autherr.InvalidToken, "session_revoked")
	case err != nil:
		return Issued{}, autherr.StoreFailed(err)
	}
	return Issued{Token: next.text(), Session: record.view()}, nil
}

// Sweep deletes the sessions that ended more than an hour ago, in batches, and
// returns how many. Whoever opens the store calls it now and then, every ten
// minutes say; several processes may do so at once.
//
// Errors by code: TemporarilyUnavailable. What is deleted until then stays
// deleted.
func (o *Own) Sweep(ctx context.Context) (int, error) {
	before := o.instant().Add(-sweepDelay)
	for swept := 0; ; {
		n, err := o.store.Sweep(ctx, before, sweepBatch)
		swept += n
		if err != nil {
			return swept, autherr.StoreFailed(err)
		}
		if n < sweepBatch {
			return swept, nil
		}
	}
}

// find returns the session that the token proves, live or not.
func (o *Own) find(ctx context.Context, p Presented) (Record, Owner, error) {
	token, ok := parseOpaque(p.Token)
	if !ok {
		return Record{}, Owner{}, autherr.New(autherr.InvalidToken, "malformed_token")
	}
	record, owner, err := o.store.Find(ctx, token.lookup)
	unknown := errors.Is(err, ErrNotFound)
	if err != nil && !unknown {
		return Record{}, Owner{}, autherr.StoreFailed(err)
	}
	// An unknown session is compared too, with the zero hash: it takes as long
	// as a wrong secret.
	opens := token.opens(record.SecretHash)
	switch {
	case unknown:
		return Record{}, Owner{}, autherr.New(autherr.InvalidToken, "unknown_session")
	case !opens:
		return Record{}, Owner{}, autherr.New(autherr.InvalidToken, "wrong_secret")
	case p.Transport != record.Transport:
		return Record{}, Owner{}, autherr.New(autherr.InvalidToken, "wrong_transport")
	}
	return record, owner, nil
}

func (o *Own) live(ctx context.Context, p Presented, now time.Time) (Record, error) {
	record, owner, err := o.find(ctx, p)
	if err != nil {
		return Record{}, err
	}
	if why := record.EndedBy(now, owner); why != "" {
		return Record{}, autherr.New(autherr.InvalidToken, why)
	}
	return record, nil
}

// touch notes that the session was seen, unless that was done lately, and
// returns it as it is then.
func (o *Own) touch(ctx context.Context, record Record, now time.Time) Record {
	if now.Sub(record.LastSeenAt) < o.touchInterval() {
		return record
	}
	idleEnd := o.idleEnd(now, record.ExpiresAt)
	if err := o.store.Touch(ctx, record.Lookup, now, idleEnd); err != nil {
		o.log.WarnContext(ctx, "could not note that a session was seen",
			"event", "session_touch_failed", "session_id", record.ID, "error", err.Error())
		return record
	}
	record.LastSeenAt, record.IdleExpiresAt = now, idleEnd
	return record
}

func (o *Own) touchInterval() time.Duration {
	idle := o.settings.IdleTTL.Std()
	if idle == 0 {
		return maxTouchInterval
	}
	return min(maxTouchInterval, idle/10)
}

// idleEnd returns when a session that was seen at that moment ends if it is
// not seen again: zero where there is no idle limit, never after its absolute
// end.
func (o *Own) idleEnd(seen, expires time.Time) time.Time {
	if o.settings.IdleTTL == 0 {
		return time.Time{}
	}
	end := seen.Add(o.settings.IdleTTL.Std())
	if end.After(expires) {
		return expires
	}
	return end
}

// record returns the session of a login as it begins.
func (o *Own) record(ctx context.Context, l Login, token opaque) Record {
	at := l.User.LastLoginAt
	if l.User.NotBefore.After(at) {
		at = l.User.NotBefore // of a node whose clock is ahead; the login was admitted knowing of it
	}
	expires := at.Add(o.settings.TTL.Std())
	return Record{
		Lookup:     token.lookup,
		SecretHash: token.hash(),
		ID:         rand.Text(),

		UserID:     l.User.ID,
		IdentityID: l.User.IdentityID,
		Provider:   l.Identity.Provider,
		Issuer:     l.Identity.Issuer,
		Subject:    l.Identity.Subject,
		AuthMethod: l.Identity.AuthMethod,
		Transport:  l.Transport,
		Claims:     o.keptClaims(ctx, l.Identity),

		CreatedAt:       at,
		AuthenticatedAt: authenticatedAt(l.Identity, at),
		LastSeenAt:      at,
		IdleExpiresAt:   o.idleEnd(at, expires),
		ExpiresAt:       expires,

		UserAgent: printable(l.UserAgent, maxUserAgent),
		Address:   l.Address,
	}
}

// instant returns now as stores keep it.
func (o *Own) instant() time.Time { return o.now().UTC().Truncate(time.Millisecond) }

// authenticatedAt returns when the person proved who they are: when the
// provider says, else when it issued the token, but not after the login.
func authenticatedAt(id identity.Identity, login time.Time) time.Time {
	said := id.AuthenticatedAt
	if said.IsZero() {
		said = id.IssuedAt
	}
	if said.IsZero() || said.After(login) {
		return login
	}
	return said
}
