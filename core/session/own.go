package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/maypok86/otter/v2"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/claim"
)

// Limits of the writes that requests cause.
const (
	maxTouchInterval = time.Hour              // between two last-seen updates of a session
	updateTimeout    = 250 * time.Millisecond // of such an update: a request waits for it
	maxUpdates       = 10_000                 // cached updates

	// sweepDelay keeps an ended session in the store for a while, so that a node
	// whose clock is ahead does not delete a session that is active on another.
	sweepDelay = time.Hour
	sweepBatch = 500
)

// touch identifies the last-seen update of a session that follows lastSeen.
type touch struct {
	lookup   Lookup
	lastSeen int64 // Unix milliseconds
}

// Own is the strategy of sessions that the kit stores itself: opaque tokens
// that are looked up in the database at each request, so that logout,
// revocation, disabling and deletion take effect at the next request on every
// node.
//
// With cache_ttl a session that was found is accepted that long without a look-up.
// [Own.Evict] and [Own.Trust] invalidate the cache. Only acceptance comes from the
// cache: a session is rejected as the database has it.
//
// A session expires at its absolute expiry, after its idle time without a request,
// when it is revoked, and when its user is disabled, deleted, or has all
// credentials revoked. The last-seen time is written at most every
// min(1 h, idle_ttl/10), so a session may become idle that much earlier. All
// times are read from this process's clock, not from the database's. A session
// that was rejected as expired stays expired, even if the clock is set back.
type Own struct {
	settings config.OwnSession
	store    Store
	now      func() time.Time
	log      *slog.Logger

	updates *otter.Cache[touch, struct{}]
	cache   *cache[Lookup, Session] // nil: off
}

var _ Strategy = (*Own)(nil)

// NewOwn returns the strategy. now and log must not be nil.
func NewOwn(s config.OwnSession, store Store, now func() time.Time, log *slog.Logger) *Own {
	o := &Own{
		settings: s.WithDefaults(),
		store:    store,
		now:      now,
		log:      log,
		updates:  otter.Must(&otter.Options[touch, struct{}]{MaximumSize: maxUpdates}),
	}
	if ttl := o.settings.CacheTTL.Std(); ttl > 0 {
		o.cache = newCache(store.Find, func(s Session) identity.UserID { return s.UserID }, ttl, now)
	}
	return o
}

// Name returns config.StrategyOwn.
func (o *Own) Name() string { return config.StrategyOwn }

// Keeps reports whether sessions keep that claim of the provider's token, which
// is a name or a JSON Pointer: acr, those that the settings list, and what is in
// them.
func (o *Own) Keeps(name string) bool {
	return slices.ContainsFunc(slices.Concat(o.settings.Claims, []string{"acr"}), func(kept string) bool {
		_, ok := claim.Inside(kept, name)
		return ok
	})
}

// Issue implements [Strategy]. Each call creates a new token, and a new public
// id unless the login continues a session; it never reuses a token that a caller
// sent.
func (o *Own) Issue(ctx context.Context, l Login) (Issued, error) {
	t := newOpaque()
	s := o.Begin(ctx, l, t.lookup, t.hash())
	return Issued{Token: t.String(), ExpiresAt: s.ExpiresAt, View: s.View(), Stored: &s}, nil
}

// Owns implements [Strategy].
func (o *Own) Owns(token string) bool { return strings.HasPrefix(token, opaquePrefix) }

// Check looks the session up, in one statement, unless it is cached and the request
// not fresh, and updates its last-seen time from time to time. Of many concurrent
// requests one does so; it waits for the store for at most 250 ms. A failed update
// is logged and does not fail the request.
//
// Errors by code: InvalidToken for every token without an active session, for a
// token that was issued for the other transport, and for a transport that is
// not configured; TemporarilyUnavailable.
func (o *Own) Check(ctx context.Context, c Credential, fresh bool) (identity.Principal, View, error) {
	now := o.Now()
	s, ok := o.cached(c, fresh, now)
	var err error
	if !ok {
		s, err = o.active(ctx, c, now, fresh)
	}
	if err != nil {
		return identity.Principal{}, View{}, err
	}
	s = o.Seen(ctx, s, now)
	return s.Principal(), s.View(), nil
}

// End revokes the session of a credential and returns it; nil if the credential
// is expired, unknown or malformed.
//
// Errors by code: TemporarilyUnavailable; the session may still be active.
func (o *Own) End(ctx context.Context, c Credential, reason string) (*Session, error) {
	s, err := o.find(ctx, c, true)
	switch {
	case autherr.CodeOf(err) == autherr.InvalidToken:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return o.Revoke(ctx, s, reason)
}

// Replace implements [Strategy].
//
// Errors by code: TemporarilyUnavailable; the session may still be active.
func (o *Own) Replace(ctx context.Context, l Login, c Credential) (continued, ended *Session, err error) {
	s, err := o.find(ctx, c, true)
	switch {
	case autherr.CodeOf(err) == autherr.InvalidToken:
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return o.Supersede(ctx, l, s)
}

// Supersede implements [Strategy.Replace] for the session of a credential, active or
// not.
func (o *Own) Supersede(ctx context.Context, l Login, s Session) (continued, ended *Session, err error) {
	if l.continues(s) && s.ActiveAt(o.Now()) {
		return &s, nil, nil
	}
	ended, err = o.Revoke(ctx, s, "replaced_by_login")
	return nil, ended, err
}

// continues reports whether the login is of the user, identity and transport of a
// session.
func (l Login) continues(s Session) bool {
	return s.UserID == l.User.ID && s.Issuer == l.User.Issuer && s.Subject == l.User.Subject && s.Transport == l.Transport
}

// Revoke revokes a session and returns it; nil if it is no longer active.
//
// Errors by code: TemporarilyUnavailable; the session may still be active.
func (o *Own) Revoke(ctx context.Context, s Session, reason string) (*Session, error) {
	err := o.store.Revoke(ctx, s.UserID, s.ID, reason, o.Now())
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, autherr.StoreFailed(err)
	}
	return &s, nil
}

// Renew gives an active session a new token, for when the caller's privileges
// change. The old token becomes invalid at once; public id and expiries stay.
//
// Errors by code: as Check.
func (o *Own) Renew(ctx context.Context, c Credential) (Issued, error) {
	s, err := o.active(ctx, c, o.Now(), true)
	if err != nil {
		return Issued{}, err
	}
	next := newOpaque()
	err = o.store.Rotate(ctx, s.UserID, s.Lookup, next.lookup, next.hash())
	switch {
	case errors.Is(err, ErrNotFound):
		return Issued{}, autherr.New(autherr.InvalidToken, "session_revoked")
	case err != nil:
		return Issued{}, autherr.StoreFailed(err)
	}
	return Issued{Token: next.String(), ExpiresAt: s.ExpiresAt, View: s.View()}, nil
}

// Sweep deletes the sessions that expired or were revoked more than an hour ago, in batches, and
// returns how many it deleted. The owner of the store calls it regularly, every
// ten minutes for example; several processes may do so at once.
//
// Errors by code: TemporarilyUnavailable. Sessions deleted before the error stay
// deleted.
func (o *Own) Sweep(ctx context.Context) (int, error) {
	before := o.Now().Add(-sweepDelay)
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

// find returns the session whose token this is, active or not.
func (o *Own) find(ctx context.Context, c Credential, fresh bool) (Session, error) {
	token, ok := parseOpaque(c.Token)
	if !ok {
		return Session{}, autherr.New(autherr.InvalidToken, "malformed_token")
	}
	s, err := o.lookup(ctx, token.lookup, fresh)
	unknown := errors.Is(err, ErrNotFound)
	if err != nil && !unknown {
		return Session{}, autherr.StoreFailed(err)
	}
	// The secret of an unknown session is compared with the zero hash, so that it
	// takes as long as a wrong secret.
	matches := token.matches(s.SecretHash)
	switch {
	case unknown:
		return Session{}, autherr.New(autherr.InvalidToken, "unknown_session")
	case !matches:
		return Session{}, autherr.New(autherr.InvalidToken, "wrong_secret")
	case c.Transport != s.Transport:
		return Session{}, autherr.New(autherr.InvalidToken, "wrong_transport")
	}
	return s, nil
}

func (o *Own) active(ctx context.Context, c Credential, now time.Time, fresh bool) (Session, error) {
	if !slices.Contains(o.settings.Transport, c.Transport) {
		return Session{}, autherr.New(autherr.InvalidToken, "transport_not_listed")
	}
	s, err := o.find(ctx, c, fresh)
	if err != nil {
		return Session{}, err
	}
	return s, o.CheckActive(ctx, s, now)
}

// CheckActive returns nil if a session that was found is active. One that has
// expired is revoked.
//
// Errors by code: InvalidToken.
func (o *Own) CheckActive(ctx context.Context, s Session, now time.Time) error {
	reason := s.inactiveReason(now)
	if reason == "" {
		return nil
	}
	if s.RevokedAt.IsZero() && isExpiry(reason) {
		o.persistExpiry(ctx, s, reason)
	}
	return autherr.New(autherr.InvalidToken, reason)
}

// persistExpiry revokes an expired session, so that a clock set back cannot
// reactivate it. If that fails, the session is rejected nevertheless. The store
// revokes only active sessions, so the revocation has the time of the last
// request.
func (o *Own) persistExpiry(ctx context.Context, s Session, reason string) {
	ctx, cancel := context.WithTimeout(ctx, updateTimeout)
	defer cancel()
	err := o.store.Revoke(ctx, s.UserID, s.ID, reason, s.LastSeenAt)
	if err != nil && !errors.Is(err, ErrNotFound) {
		o.log.WarnContext(ctx, "could not revoke an expired session",
			"event", "session_end_failed", "session_id", s.ID, "error", err.Error())
	}
}

// Seen writes the last-seen time of an active session, unless that was done recently or
// another request is doing it, and returns the session with its new times.
func (o *Own) Seen(ctx context.Context, s Session, now time.Time) Session {
	if now.Sub(s.LastSeenAt) < o.touchInterval() {
		return s
	}
	update := touch{s.Lookup, s.LastSeenAt.UnixMilli()}
	if _, first := o.updates.SetIfAbsent(update, struct{}{}); !first {
		return s
	}
	ctx, cancel := context.WithTimeout(ctx, updateTimeout)
	defer cancel()
	idleExpires := o.IdleExpiry(now, s.ExpiresAt)
	if err := o.store.Touch(ctx, s.Lookup, now, idleExpires); err != nil {
		o.updates.Invalidate(update)
		o.log.WarnContext(ctx, "could not update the last-seen time of a session",
			"event", "session_touch_failed", "session_id", s.ID, "error", err.Error())
		return s
	}
	if o.cache != nil {
		o.cache.remove(s.Lookup)
	}
	s.LastSeenAt, s.IdleExpiresAt = now, idleExpires
	return s
}

func (o *Own) touchInterval() time.Duration {
	idle := o.settings.IdleTTL.Std()
	if idle == 0 {
		return maxTouchInterval
	}
	return min(maxTouchInterval, idle/10)
}

// IdleExpiry returns the idle expiry of a session that was last seen at that
// time: zero without an idle limit, never after its absolute expiry.
func (o *Own) IdleExpiry(seen, expires time.Time) time.Time {
	if o.settings.IdleTTL.Std() == 0 {
		return time.Time{}
	}
	idle := seen.Add(o.settings.IdleTTL.Std())
	if idle.After(expires) {
		return expires
	}
	return idle
}

// Begin returns the session of a login, to be stored with that lookup and secret
// hash. Its format is up to the caller.
func (o *Own) Begin(ctx context.Context, l Login, lookup Lookup, hash [32]byte) Session {
	at := l.User.LastLoginAt
	if l.User.NotBefore.After(at) {
		at = l.User.NotBefore // set by a node whose clock is ahead; the login was admitted after it
	}
	expires, authenticated := at.Add(o.settings.TTL.Std()), authenticatedAt(l.Identity, at)
	return Session{
		Lookup:     lookup,
		SecretHash: hash,
		ID:         l.publicID(),

		UserID:     l.User.ID,
		IdentityID: l.User.IdentityID,
		Provider:   l.Identity.Provider,
		Issuer:     l.Identity.Issuer,
		Subject:    l.Identity.Subject,
		AuthMethod: l.Identity.AuthMethod,
		Transport:  l.Transport,
		Claims:     o.keptClaims(ctx, l.Identity, authenticated),

		CreatedAt:       at,
		AuthenticatedAt: authenticated,
		LastSeenAt:      at,
		IdleExpiresAt:   o.IdleExpiry(at, expires),
		ExpiresAt:       expires,
		ProviderSession: l.Identity.ProviderSession,

		UserAgent: printable(l.UserAgent, maxUserAgent),
		Address:   l.Address,

		ExternalID: l.User.ExternalID,
	}
}

// publicID returns the public id of the login's session.
func (l Login) publicID() string {
	if l.Continues != nil {
		return l.Continues.ID
	}
	return rand.Text()
}

// Now returns the time as stores keep it.
func (o *Own) Now() time.Time { return o.now().UTC().Truncate(time.Millisecond) }

// authenticatedAt returns when the user authenticated: the time that the token
// specifies, else its time of issue, but not after the login.
func authenticatedAt(id identity.Identity, login time.Time) time.Time {
	at := id.AuthenticatedAt
	if at.IsZero() {
		at = id.IssuedAt
	}
	if at.IsZero() || at.After(login) {
		return login
	}
	return at
}

// The limits, in bytes, of the data of a login that a session keeps.
const (
	maxClaims    = 1 << 10 // as JSON, without acr and auth_time
	maxACR       = 255
	maxUserAgent = 255
)

// keptClaims returns the claims that the settings name, in that order, as long
// as they fit, and acr and auth_time for guards: auth_time only if it is the time
// of the authentication, of which the caller's clock has been checked.
func (o *Own) keptClaims(ctx context.Context, id identity.Identity, authenticated time.Time) identity.Claims {
	kept, leftOut := id.Claims.Keep(o.settings.Claims, maxClaims)
	if len(leftOut) > 0 {
		o.log.WarnContext(ctx, "some claims are too large to be kept together; those listed first are kept",
			"event", "session_claims_left_out", "provider", id.Provider, "claims", leftOut, "limit_bytes", maxClaims)
	}
	if acr := id.Claims.Get("acr"); acr != nil && len(fmt.Sprint(acr)) <= maxACR {
		kept = kept.With("acr", acr)
	}
	if !id.AuthenticatedAt.IsZero() {
		kept = kept.With("auth_time", authenticated.Unix())
	}
	return kept
}

// printable returns the printable characters of a client's string, cut to limit
// bytes between two characters. Invalid UTF-8 is dropped.
func printable(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) <= limit {
		return s
	}
	for !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
