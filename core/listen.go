package core

import (
	"context"
	"time"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
)

// listen publishes the changes of other processes, and lets the cache of own
// sessions be used only while they are heard. If the database cannot notify, the
// cache is used nevertheless: they take effect within cache_ttl.
func (k *Kit) listen(ctx context.Context, db database.Database, own *session.Own) {
	listener, ok := db.(database.Listener)
	if !ok {
		k.log.Warn("logout, revocation, disabling and deletion by another process take effect within cache_ttl",
			"event", "session_cache_unnotified")
		return
	}
	own.Trust(time.Time{}) // until the database notifies
	k.background.Go(func() { listener.Listen(ctx, k.changes.Publish, own.Trust) })
}
