package integration_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/session/sessiontest"
)

func TestAccounts(t *testing.T) {
	t.Parallel()
	onEach(t, stores(), func(t *testing.T, b backend) {
		t.Helper()
		accounttest.Run(t, func(t *testing.T) account.Store {
			t.Helper()
			return b.create(t).opened(t).Accounts()
		})
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	onEach(t, stores(), func(t *testing.T, b backend) {
		t.Helper()
		sessiontest.Run(t, func(t *testing.T) (account.Store, session.Store) {
			t.Helper()
			db := b.create(t).opened(t)
			return db.Accounts(), db.Sessions()
		})
	})
}
