package session

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
)

// How often, for how long, and how much at once, the store is written to in
// passing.
const (
	maxTouchInterval = time.Hour              // between two notes of when a session was last seen
	noteTimeout      = 250 * time.Millisecond // for a note: a request waits for it
	maxTouched       = 10_000                 // notes that are remembered

	// sweepDelay keeps an ended session in the store for a while, so that a
	// node whose clock runs ahead deletes nothing that is live on another.
	sweepDelay = time.Hour
	sweepBatch = 500
)

// touched is a session in the store as requests see it until one of them has
// noted when it was last seen.
type touched struct {
	lookup   Lookup
	lastSeen int64 // Unix milliseconds
}

// Own is the strategy of sessions that the kit keeps itself: opaque tokens
// that are looked up in the database at each request, so that logout, revoke,
// disable and delete are seen by the next request on every node.
//
// A session ends at its absolute end, after its idle time without a request,
// when it is revoked, and when its user is disabled, deleted, or has all
// credentials revoked. When it was last seen is written down at most every
// min(1 h, idle_ttl/10), so it may end that much early by idleness. All
// instants come from this process's clock, none from the database's. Once a
// caller was told that a session has ended, it stays so, also when the clock is
// put back.
type Own struct {
	settings config.OwnSession
	store    Store
	now      func() time.Time
	log      *slog.Logger

	touched *otter.Cache[touched, struct{}]
}

var _ Strategy = (*Own)(nil)

// NewOwn returns the strategy. now and log must not be nil.
func NewOwn(s config.OwnSession, store Store, now func() time.Time, log *slog.Logger) *Own {
	return &Own{
		settings: s.WithDefaults(),
		store:    store,
		now:      now,
		log:      log,
		touched:  otter.Must(&otter.Options[touched, struct{}]{MaximumSize: maxTouched}),
	}
}

// Name returns "own".
func (o *Own) Name() string { return config.StrategyOwn }

// Keeps reports whether sessions keep that claim of the provider's token.
func (o *Own) Keeps(claim string) bool { return slices.Contains(o.settings.Claims, claim) }

// Issue begins a new session and records the login, and ends the user's oldest
// session over max_per_user: all of it or nothing.
// Every call makes a new token and a new public id; nothing that a caller
// presented is ever taken over.
//
// Errors by code: as [Strategy] says.
func (o *Own) Issue(ctx context.Context, l Login) (Issued, error) {
	token := newOpaque()
	record := o.record(ctx, l, token)
	if err := o.store.Create(ctx, record, l.User, o.settings.MaxPerUser); err != nil {
		return Issued{}, notRecorded(err)
	}
	return Issued{Token: token.text(), Session: record.view()}, nil
}

// Check looks the session up, in one statement, and notes from time to time
// that it was seen. However many requests run at once, one of them does so; it
// waits for the store no longer than a quarter of a second. A failure to note is
// logged and does not fail the request.
//
// Errors by code: InvalidToken for every token that stands for no live session,
// was issued for the other transport, or came in one that is not configured;
// TemporarilyUnavailable.
func (o *Own) Check(ctx context.Context, p Presented) (Grant, error) {
	now := o.instant()
	record, err := o.live(ctx, p, now)
	if err != nil {
		return Grant{}, err
	}
	record = o.touch(ctx, record, now)
	return Grant{Principal: record.principal(), Session: record.view(), Transport: record.Transport}, nil
}

// End revokes the session that a caller presented, and returns it. What is dead,
// unknown or unparsable has nothing to end, and that is no error.
//
// Errors by code: TemporarilyUnavailable; the session may still be live.
func (o *Own) End(ctx context.Context, p Presented, reason string) (Ended, error) {
	record, _, err := o.find(ctx, p)
	switch {
	case autherr.CodeOf(err) == autherr.InvalidToken:
		return Ended{}, nil
	case err != nil:
		return Ended{}, err
	}
	err = o.store.Revoke(ctx, record.UserID, record.ID, reason, o.instant())
	switch {
	case errors.Is(err, ErrNotFound):
		return Ended{}, nil
	case err != nil:
		return Ended{}, autherr.StoreFailed(err)
	}
	return Ended{ID: record.ID, UserID: record.UserID}, nil
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
	if !slices.Contains(o.settings.Transport, p.Transport) {
		return Record{}, autherr.New(autherr.InvalidToken, "transport_not_listed")
	}
	record, owner, err := o.find(ctx, p)
	if err != nil {
		return Record{}, err
	}
	if why := record.EndedBy(now, owner); why != "" {
		if record.RevokedAt.IsZero() && byClock(why) {
			o.bury(ctx, record, why)
		}
		return Record{}, autherr.New(autherr.InvalidToken, why)
	}
	return record, nil
}

// bury notes that the clock has ended a session: one that is put back must not
// revive it. A failure to note does not make the session live.
func (o *Own) bury(ctx context.Context, record Record, why string) {
	ctx, cancel := context.WithTimeout(ctx, noteTimeout)
	defer cancel()
	err := o.store.Revoke(ctx, record.UserID, record.ID, why, record.LastSeenAt) // when it was live
	if err != nil && !errors.Is(err, ErrNotFound) {
		o.log.WarnContext(ctx, "could not note that a session has ended",
			"event", "session_end_failed", "session_id", record.ID, "error", err.Error())
	}
}

// touch notes that the session was seen, unless that was done lately or is
// being done by another request, and returns it as it is then.
func (o *Own) touch(ctx context.Context, record Record, now time.Time) Record {
	if now.Sub(record.LastSeenAt) < o.touchInterval() {
		return record
	}
	seen := touched{record.Lookup, record.LastSeenAt.UnixMilli()}
	if _, first := o.touched.SetIfAbsent(seen, struct{}{}); !first {
		return record
	}
	ctx, cancel := context.WithTimeout(ctx, noteTimeout)
	defer cancel()
	idleEnd := o.idleEnd(now, record.ExpiresAt)
	if err := o.store.Touch(ctx, record.Lookup, now, idleEnd); err != nil {
		o.touched.Invalidate(seen)
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
	if o.settings.IdleTTL.Std() == 0 {
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
