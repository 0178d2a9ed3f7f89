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

func TestNewCookie_Lines(t *testing.T) {
	t.Parallel()
	full := config.Cookie{Name: "__Secure-s", Domain: "example.com", SameSite: "none", Partitioned: true}
	for name, c := range map[string]struct {
		settings *config.Cookie
		baseURL  string
		set      string
		clear    string
	}{
		"default": {
			nil, "https://api.example.com",
			"__Host-session=v; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax",
			"__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
		"over http": {
			nil, "http://localhost:8080",
			"cotterpin_session=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
			"cotterpin_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
		},
		"all arguments": {
			&full, "https://api.example.com",
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

// S01: the lines that heal a browser with two cookies of the name.
func TestCookie_Twins(t *testing.T) {
	t.Parallel()
	const attributes = "Max-Age=0; HttpOnly; Secure; SameSite=Lax"
	named := config.Cookie{Name: "s"}
	below := config.Cookie{Name: "s", Domain: "example.com"}
	apart := config.Cookie{Name: "__HOST-s", Partitioned: true}
	for name, c := range map[string]struct {
		settings *config.Cookie
		baseURL  string
		sent     int
		want     []string
	}{
		"no cookie":      {&below, "https://api.example.com", 0, nil},
		"default":        {nil, "https://api.example.com", 1, nil},
		"default, twice": {nil, "https://api.example.com", 2, []string{"__Host-session=; Path=/; " + attributes + "; Partitioned"}},
		"over http":      {nil, "http://localhost:8080", 2, nil},
		"an address":     {&named, "http://127.0.0.1:8080", 2, nil},
		"domain": {&below, "https://api.example.com:8443", 1, []string{
			"s=; Path=/; " + attributes, "s=; Path=/; Domain=api.example.com; " + attributes,
		}},
		"domain, twice": {&below, "https://example.com", 3, []string{
			"s=; Path=/; " + attributes, "s=; Path=/; " + attributes + "; Partitioned", "s=; Path=/; Domain=example.com; " + attributes + "; Partitioned",
		}},
		"no domain": {&named, "https://api.eu.example.com", 1, []string{
			"s=; Path=/; Domain=api.eu.example.com; " + attributes,
			"s=; Path=/; Domain=eu.example.com; " + attributes,
			"s=; Path=/; Domain=example.com; " + attributes,
		}},
		"partitioned": {&apart, "https://api.example.com", 1, []string{"__HOST-s=; Path=/; " + attributes}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := httpapi.NewCookie(c.settings, c.baseURL).Twins(c.sent); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestCookie_SetMaxAge(t *testing.T) {
	t.Parallel()
	line := httpapi.NewCookie(nil, "https://a.example").Set("v", 10*365*24*time.Hour)
	if !strings.Contains(line, "; Max-Age=34560000;") {
		t.Errorf("got %s, want a Max-Age of 400 days", line)
	}
}

func TestCookie_Fits(t *testing.T) {
	t.Parallel()
	c := httpapi.Cookie{Name: "name"}
	if !c.Fits(strings.Repeat("x", 4092)) || c.Fits(strings.Repeat("x", 4093)) {
		t.Error("4096 bytes of name and value must fit, and no more")
	}
}

func TestCookie_Values(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"one":                    {[]string{"s=1"}, []string{"1"}},
		"among others":           {[]string{"a=b; s=1; c=d"}, []string{"1"}},
		"two in a line":          {[]string{"s=1; s=2"}, []string{"1", "2"}},
		"two lines":              {[]string{"s=1", "s=2"}, []string{"1", "2"}},
		"other letter case":      {[]string{"S=1"}, nil},
		"longer name":            {[]string{"ss=1; s2=1"}, nil},
		"name only":              {[]string{"s"}, []string{""}},
		"empty":                  {[]string{"s="}, []string{""}},
		"value with equals sign": {[]string{"s=a=b"}, []string{"a=b"}},
		"quoted":                 {[]string{`s="1"`}, []string{`"1"`}},
		"no space":               {[]string{"a=b;s=1"}, []string{"1"}},
		"none":                   {nil, nil},
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
