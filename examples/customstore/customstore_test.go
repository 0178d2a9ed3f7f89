package customstore_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/session/sessiontest"
	"github.com/cotterpin/cotterpin/examples/customstore"
)

var _ database.Database = customstore.New()

func TestAccounts(t *testing.T) {
	t.Parallel()
	accounttest.Run(t, func(*testing.T) account.Store { return customstore.New().Accounts() })
}

func TestSessions(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, func(*testing.T) (account.Store, session.Store) {
		db := customstore.New()
		return db.Accounts(), db.Sessions()
	})
}
