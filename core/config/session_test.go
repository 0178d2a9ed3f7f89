package config_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
)

func TestOwnSession_WithDefaults(t *testing.T) {
	t.Parallel()
	first := config.OwnSession{IdleTTL: config.Off, Cookie: &config.Cookie{Name: "s"}}.WithDefaults()
	cookie := config.Cookie{Name: "s", SameSite: "lax"}
	if first.TTL.Std() != 30*day || first.IdleTTL != config.Off || first.MaxPerUser != 20 || *first.Cookie != cookie {
		t.Errorf("got %+v with the cookie %+v", first, *first.Cookie)
	}
	first.Transport[0] = "changed"
	if second := (config.OwnSession{}).WithDefaults(); !slices.Equal(second.Transport, []string{config.TransportCookie}) {
		t.Errorf("a change of the first session changed the default to %v", second.Transport)
	}
}

func TestProviderTokenSession_WithDefaults(t *testing.T) {
	t.Parallel()
	s := config.ProviderTokenSession{}.WithDefaults()
	if s.CacheTTL.Std() != time.Minute || s.User != config.UserRequired || s.Cookie.SameSite != "lax" ||
		!slices.Equal(s.Transport, []string{config.TransportBearer}) {
		t.Errorf("got %+v with the cookie %+v", s, *s.Cookie)
	}
}

func TestUsers_WithDefaults(t *testing.T) {
	t.Parallel()
	if u := (config.Users{}).WithDefaults(); !*u.Create {
		t.Error("the default creates no users")
	}
	if u := (config.Users{Create: new(false)}).WithDefaults(); *u.Create {
		t.Error("an explicit false is lost")
	}
}

func TestCookie_NameFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cookie config.Cookie
		https  bool
		want   string
	}{
		"HTTPS":    {config.Cookie{}, true, "__Host-session"},
		"HTTP":     {config.Cookie{}, false, "cotterpin_session"},
		"Explicit": {config.Cookie{Name: "s"}, true, "s"},
	} {
		if got := c.cookie.NameFor(c.https); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
