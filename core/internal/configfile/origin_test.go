package configfile_test

import (
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
)

// S09: origins of apps are accepted exactly where sessions travel as bearer
// tokens.
func TestFile_AppOrigins(t *testing.T) {
	t.Parallel()
	accepts := func(origin string, transport ...string) bool {
		f := littleInGo()
		f.Auth.AllowedOrigins = []string{origin}
		f.Own.Transport = transport
		err := f.Validate()
		if err != nil && !strings.Contains(err.Error(), `Invalid value for "allowed_origins"`) {
			t.Errorf("%s: %v", origin, err)
		}
		return err == nil
	}
	for _, origin := range []string{
		"capacitor://localhost", "ionic://localhost", "tauri://localhost", "http://localhost",
		"chrome-extension://abcdefghijklmnopabcdefghijklmnop", "moz-extension://1e9b1ac4-4e4e-4e0e-8f0e-0a4c1e8d7b11", "app://bundle:8080",
	} {
		if !accepts(origin, config.TransportBearer) || !accepts(origin, config.TransportCookie, config.TransportBearer) {
			t.Errorf("%s: rejected with bearer", origin)
		}
		if accepts(origin, config.TransportCookie) {
			t.Errorf("%s: accepted without bearer", origin)
		}
	}
	for _, origin := range []string{
		"capacitor://localhost/", "Capacitor://localhost", "capacitor://LOCALHOST", "capacitor://", "capacitor:localhost", "capacitor://ada@localhost",
		"http://localhost:8080", "http://localhost/", "http://127.0.0.1", "http://app.example.com", "file://", "file://localhost", "null", "chrome-extension://*",
	} {
		if accepts(origin, config.TransportBearer) {
			t.Errorf("%s: accepted", origin)
		}
	}
}

func TestFile_LocalhostInDevelopment(t *testing.T) {
	t.Parallel()
	f := littleInGo()
	f.Auth.Mode, f.Auth.BaseURL = config.ModeDevelopment, "http://localhost:8080"
	f.Auth.AllowedOrigins = []string{"http://localhost", "http://localhost:5173"}
	if err := f.Validate(); err != nil {
		t.Error(err)
	}
}
