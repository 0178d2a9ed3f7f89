package integration_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session/sessiontest"
)

func TestAccounts(t *testing.T) {
	t.Parallel()
	onEach(t, stores(), func(t *testing.T, b backend) {
		t.Helper()
		accounttest.Run(t, b.open)
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	onEach(t, stores(), func(t *testing.T, b backend) {
		t.Helper()
		sessiontest.Run(t, b.open)
	})
}

// open opens a new database.
func (b backend) open(t *testing.T) database.Database {
	t.Helper()
	return b.create(t).opened(t)
}
