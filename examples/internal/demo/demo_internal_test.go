package demo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun_PortWarning(t *testing.T) { //nolint:paralleltest // run sets the default logger
	for name, c := range map[string]struct { //nolint:paralleltest // as above
		baseURL string
		want    bool
	}{
		"loopback": {"http://localhost:1", true}, // no listener gets port 1
		"proxy":    {"http://dev.example.com:1", false},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "auth.hcl")
			text := `auth {
  mode     = "development"
  base_url = "` + c.baseURL + `"
}

provider "emulator" {
  insecure_remote = true
}

session "own" {}

database "sqlite" {
  path = ":memory:"
}
`
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var stderr strings.Builder
			stop := errors.New("stop")
			err := run(t.Context(), flags{config: file, addr: "127.0.0.1:0"}, &stderr, func(*App) Server { return server{failure: stop} })
			if !errors.Is(err, stop) || !strings.Contains(stderr.String(), "open "+c.baseURL+"/ ") {
				t.Fatalf("%v\n%s", err, &stderr)
			}
			if got := strings.Contains(stderr.String(), `"event":"base_url_port"`); got != c.want {
				t.Errorf("warning: %t, want %t:\n%s", got, c.want, &stderr)
			}
		})
	}
}
