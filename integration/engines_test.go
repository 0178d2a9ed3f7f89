package integration_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/settings"
	"github.com/cotterpin/cotterpin/ent/enginetest"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// TestEngines checks of every engine what only a running server can show.
func TestEngines(t *testing.T) {
	t.Parallel()
	for _, e := range engine.All {
		if !databaseFlag.selects(e.String()) {
			continue
		}
		t.Run(e.String(), func(t *testing.T) {
			t.Parallel()
			record(t)
			need(t, e)
			driver := drivers[e.Driver]
			driver.NewDatabase = func(t *testing.T) settings.Secret { t.Helper(); return newDatabase(t, e) }
			enginetest.Run(t, driver)
		})
	}
}
