package session

import (
	"log/slog"
	"time"

	"github.com/cotterpin/cotterpin/core/settings"
)

// Own is the strategy of sessions that the kit keeps itself: opaque tokens
// that are looked up in the database at each request, so that logout, revoke,
// disable and delete are seen by the next request on every node.
type Own struct {
	settings settings.OwnSession
	store    Store
	now      func() time.Time
	log      *slog.Logger
}

// NewOwn returns the strategy. now and log must not be nil.
func NewOwn(s settings.OwnSession, store Store, now func() time.Time, log *slog.Logger) *Own {
	return &Own{settings: s, store: store, now: now, log: log}
}
