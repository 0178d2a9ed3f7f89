package configfile

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/config"
)

var fieldName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

var pathForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

func (r *rules) auth() {
	at, auth := Path{Block: BlockAuth}, r.settings.Auth
	if auth.Mode != config.ModeProduction && auth.Mode != config.ModeDevelopment {
		r.wrong(at.in("mode"), `must be "production" or "development"`)
	}
	if problem := originProblem(auth.BaseURL, r.mayBeDevelopment()); problem != "" {
		r.wrong(at.in("base_url"), "%s", problem)
	}
	if !pathForm.MatchString(auth.Path) || hasDotSegment(auth.Path) {
		r.wrong(at.in("path"), `must be a path such as "/auth": it begins with a slash, does not end with one, and consists of letters, digits and "-", ".", "_", "~"`)
	}
	for _, origin := range auth.AllowedOrigins {
		r.allowedOrigin(at.in("allowed_origins"), origin)
	}
	for _, proxy := range auth.TrustedProxies {
		if problem := proxyProblem(proxy); proxy != "unix" && problem != "" {
			r.wrong(at.in("trusted_proxies"), "%q %s", proxy, problem)
		}
	}
	if auth.Failures() < 0 {
		r.wrong(at.in("login_failures"), "must not be negative; 0 is no limit")
	}
	if name := auth.RequestIDHeader; name != "" && !isRequestIDHeader(name) {
		r.wrong(at.in("request_id_header"), `must be the name of a header field that contains no credential, such as "X-Request-Id"`)
	}
}

// isRequestIDHeader rejects fields with credentials: the ids are logged.
func isRequestIDHeader(name string) bool {
	switch strings.ToLower(name) {
	case "authorization", "cookie", "proxy-authorization", "set-cookie":
		return false
	}
	return fieldName.MatchString(name)
}

func hasDotSegment(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s == "." || s == ".." })
}

func (r *rules) allowedOrigin(at Path, origin string) {
	problem := originProblem(origin, r.mayBeDevelopment())
	switch {
	case origin == "*":
		r.wrong(at, `"*" would let every page on the web act for a signed-in user: list the origins`)
	case problem == "":
	case !isAppOrigin(origin):
		r.wrong(at, "%q %s", origin, problem)
	case !r.mayBeBearer():
		r.wrong(at, `%q is the origin of an app, which is not on the site of base_url and gets no cookie: add "bearer" to transport`, origin)
	}
}

// proxyProblem returns what is wrong with an address or a CIDR block; "" if
// nothing is.
func proxyProblem(proxy string) string {
	prefix, err := config.ParseProxy(proxy)
	switch {
	case err != nil:
		return `is neither an address nor a CIDR block: write "10.0.0.7" or "10.0.0.0/8", or "unix" for a Unix socket`
	case prefix.Bits() == 0:
		return "trusts every address, so a client could spoof its own: list the proxies"
	default:
		return ""
	}
}
