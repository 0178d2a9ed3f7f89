package integration_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/ent/enginetest"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// TestEngines runs the tests of every engine that need a running server.
func TestEngines(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		t.Helper()
		need(t, e)
		driver := drivers[e.Driver]
		driver.NewDatabase = func(t *testing.T) config.Secret { t.Helper(); return newDatabase(t, e) }
		enginetest.Run(t, driver)
	})
}
