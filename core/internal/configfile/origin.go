package configfile

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// hostName is a DNS name in lowercase ASCII (RFC 1123, section 2.1).
var hostName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// originProblem returns what is wrong with an origin in the form in which browsers
// send it (RFC 6454, section 6.2); "" if nothing is.
func originProblem(given string, allowHTTP bool) string {
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || !isHost(u) {
		return `must be an origin, such as "https://api.example.com": scheme, host, and the port if it is not the default`
	}
	if origin := originOf(u); origin != given {
		return fmt.Sprintf("must be an origin without anything else: write %q", origin)
	}
	if u.Scheme == "http" && !allowHTTP {
		return `must begin with "https://"; only mode = "development" allows http`
	}
	return ""
}

// appLocalhost is an origin of web views on Android, in production too:
// https://capacitorjs.com/docs/config (server.androidScheme).
const appLocalhost = "http://localhost"

// isAppOrigin reports whether origin is one that the web view of an app or a
// browser extension sends, such as "capacitor://localhost", exactly. The scheme
// "file" is none: it is shared by all files.
func isAppOrigin(origin string) bool {
	u, err := url.Parse(origin)
	switch {
	case origin == appLocalhost:
		return true
	case err != nil || u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "file":
		return false
	}
	return isHost(u) && originOf(u) == origin
}

// isHost reports whether u has a host, and a port if any, that can be reached.
func isHost(u *url.URL) bool {
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil {
		return address.Zone() == ""
	}
	return hostName.MatchString(strings.ToLower(u.Hostname()))
}

// originOf returns the origin of u as browsers write it.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if address, err := netip.ParseAddr(host); err == nil {
		host = address.String()
	}
	standard := map[string]string{"http": "80", "https": "443"}
	switch port := u.Port(); {
	case port != "" && port != standard[u.Scheme]:
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return u.Scheme + "://" + host
}

// siteOf returns what browsers compare for SameSite: the scheme and the
// registrable domain, or the host if it has none
// (https://html.spec.whatwg.org/multipage/browsers.html#sites).
func siteOf(u *url.URL) string {
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err != nil {
		if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
			host = domain
		}
	}
	return u.Scheme + "://" + host
}
