package httpapi

import (
	"cmp"
	"iter"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/web"
)

// MaxCookie is the size of name and value that browsers support (RFC 6265,
// section 6.1), in bytes.
const MaxCookie = 4096

// maxCookieAge is the longest Max-Age that browsers accept (RFC 6265bis,
// section 5.5).
const maxCookieAge = 400 * 24 * time.Hour

// Cookie contains the attributes of the session cookie. Path is always "/" and
// HttpOnly always on.
type Cookie struct {
	Name        string
	Domain      string
	Secure      bool
	SameSite    http.SameSite
	Partitioned bool

	host string // of base_url
}

// Fits reports whether browsers store the cookie with that value.
func (c Cookie) Fits(value string) bool { return len(c.Name)+len(value) <= MaxCookie }

// Set returns the Set-Cookie line that stores value for the given time, at most
// 400 days.
func (c Cookie) Set(value string, lifetime time.Duration) string {
	return c.line(value, max(1, int(min(lifetime, maxCookieAge)/time.Second)))
}

// Clear returns the Set-Cookie line that deletes the cookie: the same
// attributes, Max-Age=0.
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

// Twins returns the Set-Cookie lines that delete other cookies of the same name,
// which a browser sends together with the cookie: those set before the arguments
// domain or partitioned were added, changed or removed, or by a sibling domain. A
// request does not show which is which. sent is the number of the request's cookies
// with the name.
//
// There is none if the request had no cookie. One cookie may be a twin, except
// that a partitioned one is only assumed if the settings have the argument. Two
// cookies prove that there is a twin.
//
// A name with the prefix "__Host-" has no twin of another domain. A cookie of
// another path, which the kit never sets, is not deleted.
func (c Cookie) Twins(sent int) (lines []string) {
	if sent == 0 {
		return nil
	}
	for _, domain := range c.domains() {
		for _, partitioned := range []bool{false, true} {
			twin := c
			twin.Domain, twin.Partitioned = domain, partitioned
			possible := !partitioned || c.Partitioned || c.Secure && sent > 1
			if twin != c && possible {
				lines = append(lines, twin.Clear())
			}
		}
	}
	return lines
}

// domains returns the values of Domain with which browsers accept the cookie.
// Those that are public suffixes they ignore.
func (c Cookie) domains() []string {
	const hostPrefix = "__host-" // in any letter case (RFC 6265bis, section 5.7)
	all := []string{""}
	if _, err := netip.ParseAddr(c.host); err == nil || strings.HasPrefix(strings.ToLower(c.Name), hostPrefix) {
		return all
	}
	for domain := c.host; strings.Contains(domain, "."); _, domain, _ = strings.Cut(domain, ".") {
		all = append(all, domain)
	}
	return all
}

// Values returns the values of the request's cookies with exactly that name, as
// sent.
func (c Cookie) Values(r web.Request) iter.Seq[string] {
	return func(yield func(string) bool) {
		for name, value := range cookies(r) {
			if name == c.Name && !yield(value) {
				return
			}
		}
	}
}

// cookies returns the names and values of the request's cookies, as sent (RFC 6265,
// section 4.2.1).
func cookies(r web.Request) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, line := range r.Header.Values("Cookie") {
			for pair := range strings.SplitSeq(line, ";") {
				name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
				if !yield(name, value) {
					return
				}
			}
		}
	}
}

// Count returns the number of the request's cookies with exactly that name.
func (c Cookie) Count(r web.Request) int {
	count := 0
	for range c.Values(r) {
		count++
	}
	return count
}

// NewCookie returns the cookie of a session block for an application at
// baseURL; nil selects the defaults. Over http, which only development mode
// allows, it is not Secure and has another default name, because the ports of
// localhost share cookies.
func NewCookie(s *config.Cookie, baseURL string) Cookie {
	settings := cmp.Or(s, new(config.Cookie)).WithDefaults()
	c := Cookie{
		Domain:      settings.Domain,
		Secure:      strings.HasPrefix(baseURL, "https://"),
		SameSite:    sameSite[settings.SameSite],
		Partitioned: settings.Partitioned,
	}
	c.Name = settings.NameFor(c.Secure)
	if u, err := url.Parse(baseURL); err == nil {
		c.host = u.Hostname()
	}
	return c
}

// NewRefreshCookie returns the cookie of refresh tokens, which differs from that of
// [NewCookie] in its name.
func NewRefreshCookie(s *config.Cookie, baseURL string) Cookie {
	c := NewCookie(s, baseURL)
	c.Name = cmp.Or(s, new(config.Cookie)).RefreshNameFor(c.Secure)
	return c
}

var sameSite = map[string]http.SameSite{
	"lax":    http.SameSiteLaxMode,
	"strict": http.SameSiteStrictMode,
	"none":   http.SameSiteNoneMode,
}
