package session

import (
	"context"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/identity"
)

// lookup finds a session in the store: unless fresh, together with concurrent
// requests, and for the cache.
func (o *Own) lookup(ctx context.Context, l Lookup, fresh bool) (Session, error) {
	if o.cache == nil || fresh {
		return o.store.Find(ctx, l)
	}
	return o.cache.lookup(ctx, l)
}

// cached returns the session of a credential if the cache suffices to accept it.
// It does not reject: another node may have extended the session since.
func (o *Own) cached(c Credential, fresh bool, now time.Time) (Session, bool) {
	if o.cache == nil || fresh {
		return Session{}, false
	}
	token, ok := parseOpaque(c.Token)
	if !ok {
		return Session{}, false
	}
	s, found := o.cache.get(token.lookup)
	accepted := found && token.matches(s.SecretHash) && c.Transport == s.Transport &&
		slices.Contains(o.settings.Transport, c.Transport) && s.ActiveAt(now)
	return s, accepted
}

// Evict removes the sessions of a user from the cache. A look-up that began before
// is not cached.
func (o *Own) Evict(user identity.UserID) {
	if o.cache != nil {
		o.cache.evict(user)
	}
}

// Trust lets the cache be used until that time. The zero time empties it, and
// turns it off until the next call. Without a call it is always used.
func (o *Own) Trust(until time.Time) {
	if o.cache != nil {
		o.cache.trust(until)
	}
}
