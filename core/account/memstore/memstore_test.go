package memstore_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/session/sessiontest"
)

var _ database.Database = (*memstore.DB)(nil)

func TestAccounts(t *testing.T) {
	t.Parallel()
	accounttest.Run(t, func(*testing.T) account.Store { return memstore.New().Accounts() })
}

func TestSessions(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, func(*testing.T) (account.Store, session.Store) {
		db := memstore.New()
		return db.Accounts(), db.Sessions()
	})
}
