package core_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
)

// A08: nil is the default, not a panic.
func TestOptions_Nil(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil, core.WithLogger(nil), core.WithClock(nil), core.WithTransport(nil), core.WithOnRegister(nil))
	h.issuer.Now = time.Now
	is(t, h.login(t, ada, ""), 201, "")
}

type embedding struct{ provider.Type }

// A08: a type that no block could use is an error, not ignored.
func TestOpen_InvalidType(t *testing.T) {
	t.Parallel()
	const file = `
auth { base_url = "https://api.example.com" }
provider "cotter" { api_key_id = "6f0a5a3e" }
session "provider_token" { user = "none" }
`
	path := filepath.Join(t.TempDir(), "auth.hcl")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	kit, err := core.Open(t.Context(), path, core.WithTypes(cotter.Type))
	if err != nil {
		t.Fatal(err)
	}
	if err := kit.Close(); err != nil {
		t.Error(err)
	}
	_, err = core.Open(t.Context(), path, core.WithTypes(cotter.Type, embedding{cotter.Type}))
	if err == nil || !strings.Contains(err.Error(), "core_test.embedding is neither a provider.Type nor") {
		t.Errorf("got %v, want an error that names the type", err)
	}
}
