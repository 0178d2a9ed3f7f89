package configfile

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/config"
)

// allowsHTTP reports whether http is allowed. A mode that is none is a mistake
// of its own, and brings no others along.
func (r *rules) allowsHTTP() bool { return r.settings.Auth.Mode != config.ModeProduction }

// base returns base_url, if it is an origin.
func (r *rules) base() (*url.URL, bool) {
	if originProblem(r.settings.Auth.BaseURL, true) != "" {
		return nil, false
	}
	u, err := url.Parse(r.settings.Auth.BaseURL)
	return u, err == nil
}

var pathForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

func (r *rules) auth() {
	at, auth := Path{Block: BlockAuth}, r.settings.Auth
	if auth.Mode != config.ModeProduction && auth.Mode != config.ModeDevelopment {
		r.wrong(at.in("mode"), `must be "production" or "development"`)
	}
	if problem := originProblem(auth.BaseURL, r.allowsHTTP()); problem != "" {
		r.wrong(at.in("base_url"), "%s", problem)
	}
	if !pathForm.MatchString(auth.Path) || hasDotSegment(auth.Path) {
		r.wrong(at.in("path"), `must be a path such as "/auth": it begins with a slash, does not end with one, and is made of letters, digits and "-", ".", "_", "~"`)
	}
	for _, origin := range auth.AllowedOrigins {
		r.allowedOrigin(at.in("allowed_origins"), origin)
	}
	for _, proxy := range auth.TrustedProxies {
		if problem := proxyProblem(proxy); problem != "" {
			r.wrong(at.in("trusted_proxies"), "%q %s", proxy, problem)
		}
	}
	if auth.Failures() < 0 {
		r.wrong(at.in("login_failures"), "must not be negative; 0 is no limit")
	}
}

func hasDotSegment(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s == "." || s == ".." })
}

func (r *rules) allowedOrigin(at Path, origin string) {
	switch problem := originProblem(origin, r.allowsHTTP()); {
	case origin == "*":
		r.wrong(at, `"*" would let every page on the web act for a signed-in user: list the origins`)
	case problem != "":
		r.wrong(at, "each one %s", problem)
	}
}

// proxyProblem says what is wrong with an address or a CIDR block; "" nothing.
func proxyProblem(text string) string {
	prefix, err := config.ParseProxy(text)
	switch {
	case err != nil:
		return `is neither an address nor a CIDR block: write "10.0.0.7" or "10.0.0.0/8"`
	case prefix.Bits() == 0:
		return "is everybody, who could then choose their address at will: list the proxies"
	default:
		return ""
	}
}
