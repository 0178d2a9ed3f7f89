package customstore_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/session/sessiontest"
	"github.com/cotterpin/cotterpin/examples/customstore"
)

func open(*testing.T) database.Database { return customstore.New() }

func TestDB_Accounts(t *testing.T) {
	t.Parallel()
	accounttest.Run(t, open)
}

func TestDB_Sessions(t *testing.T) {
	t.Parallel()
	sessiontest.Run(t, open)
}
