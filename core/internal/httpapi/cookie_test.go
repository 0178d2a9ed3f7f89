package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
)

func TestCookieLinesToTheLetter(t *testing.T) {
	t.Parallel()
	wide := config.Cookie{Name: "__Secure-s", Domain: "example.com", SameSite: "none", Partitioned: true}
	for name, c := range map[string]struct {
		settings *config.Cookie
		baseURL  string
		set      string
		clear    string
	}{
		"Default": {
			nil, "https://api.example.com",
			"__Host-session=v; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax",
			"__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
		"OverHTTP": {
			nil, "http://localhost:8080",
			"cotterpin_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
			"cotterpin_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
		},
		"Wide": {
			&wide, "https://api.example.com",
			"__Secure-s=v; Path=/; Domain=example.com; Max-Age=60; HttpOnly; Secure; SameSite=None; Partitioned",
			"__Secure-s=; Path=/; Domain=example.com; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cookie := httpapi.NewCookie(c.settings, c.baseURL)
			if got := cookie.Set("v", time.Minute); got != c.set {
				t.Errorf("got  %s\nwant %s", got, c.set)
			}
			if got := cookie.Clear(); got != c.clear {
				t.Errorf("got  %s\nwant %s", got, c.clear)
			}
		})
	}
}

func TestCookieIsKeptForAtMost400Days(t *testing.T) {
	t.Parallel()
	line := httpapi.NewCookie(nil, "https://a.example").Set("v", 10*365*24*time.Hour)
	if !strings.Contains(line, "; Max-Age=34560000;") {
		t.Error(line)
	}
}

func TestCookieFitsUpTo4096Bytes(t *testing.T) {
	t.Parallel()
	c := httpapi.Cookie{Name: "name"}
	if !c.Fits(strings.Repeat("x", 4092)) || c.Fits(strings.Repeat("x", 4093)) {
		t.Error("the border is elsewhere")
	}
}

func TestCookieValuesOfExactlyOurName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"One":             {[]string{"s=1"}, []string{"1"}},
		"AmongOthers":     {[]string{"a=b; s=1; c=d"}, []string{"1"}},
		"TwoInALine":      {[]string{"s=1; s=2"}, []string{"1", "2"}},
		"TwoLines":        {[]string{"s=1", "s=2"}, []string{"1", "2"}},
		"OtherLetterCase": {[]string{"S=1"}, nil},
		"LongerName":      {[]string{"ss=1; s2=1"}, nil},
		"NameOnly":        {[]string{"s"}, []string{""}},
		"Empty":           {[]string{"s="}, []string{""}},
		"ValueWithEquals": {[]string{"s=a=b"}, []string{"a=b"}},
		"QuotesStay":      {[]string{`s="1"`}, []string{`"1"`}},
		"NoBlank":         {[]string{"a=b;s=1"}, []string{"1"}},
		"None":            {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request("GET", "/", "h")
			r.Header = http.Header{"Cookie": c.lines}
			if got := slices.Collect(httpapi.Cookie{Name: "s"}.Values(r)); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
