package httpapi

import (
	"cmp"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/web"
)

// MaxCookie is how many bytes of name and value a browser keeps (RFC 6265,
// section 6.1).
const MaxCookie = 4096

// maxCookieAge is the longest Max-Age that browsers honour (RFC 6265bis,
// section 5.5).
const maxCookieAge = 400 * 24 * time.Hour

// Cookie is how the session cookie is set. Path is always "/" and HttpOnly
// always on.
type Cookie struct {
	Name        string
	Domain      string
	Secure      bool
	SameSite    http.SameSite
	Partitioned bool
}

// Fits reports whether a browser keeps the cookie with that value.
func (c Cookie) Fits(value string) bool { return len(c.Name)+len(value) <= MaxCookie }

// Set returns the Set-Cookie line that keeps value for the given time.
func (c Cookie) Set(value string, keep time.Duration) string {
	return c.line(value, max(1, int(min(keep, maxCookieAge)/time.Second)))
}

// Clear returns the Set-Cookie line that ends the cookie: the same attributes,
// Max-Age=0.
func (c Cookie) Clear() string { return c.line("", -1) }

func (c Cookie) line(value string, maxAge int) string {
	return (&http.Cookie{ //nolint:gosec // Secure and SameSite are settings, and validated
		Name:        c.Name,
		Value:       value,
		Path:        "/",
		Domain:      c.Domain,
		MaxAge:      maxAge,
		HttpOnly:    true,
		Secure:      c.Secure,
		SameSite:    c.SameSite,
		Partitioned: c.Partitioned,
	}).String()
}

// Values returns the values of all cookies with exactly that name that the
// request bears, as sent (RFC 6265, section 4.2.1).
func (c Cookie) Values(r web.Request) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range r.Header.Values("Cookie") {
			for pair := range strings.SplitSeq(line, ";") {
				name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
				if name == c.Name && !yield(value) {
					return
				}
			}
		}
	}
}

// Count returns how many cookies with exactly that name the request bears.
func (c Cookie) Count(r web.Request) int {
	count := 0
	for range c.Values(r) {
		count++
	}
	return count
}

// NewCookie returns the cookie that a session block describes, nil meaning one
// that is silent, for an application at baseURL. Over http, which only
// development allows, it is not Secure and has a name of its own: localhost's
// ports share cookies.
func NewCookie(s *config.Cookie, baseURL string) Cookie {
	described := cmp.Or(s, new(config.Cookie)).WithDefaults()
	c := Cookie{
		Domain:      described.Domain,
		Secure:      strings.HasPrefix(baseURL, "https://"),
		SameSite:    sameSite[described.SameSite],
		Partitioned: described.Partitioned,
	}
	c.Name = described.NameFor(c.Secure)
	return c
}

var sameSite = map[string]http.SameSite{
	"lax":    http.SameSiteLaxMode,
	"strict": http.SameSiteStrictMode,
	"none":   http.SameSiteNoneMode,
}
