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

// hostName is a DNS name in ASCII and small letters (RFC 1123, section 2.1).
var hostName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// originProblem says what is wrong with text as an origin in the form in which
// browsers send it (RFC 6454, section 6.2); "" if nothing is.
func originProblem(text string, allowHTTP bool) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || !isHost(u) {
		return `must be an origin, such as "https://api.example.com": scheme, host, and the port where it is not the usual one`
	}
	if origin := originOf(u); origin != text {
		return fmt.Sprintf("must be an origin and nothing else: write %q", origin)
	}
	if u.Scheme == "http" && !allowHTTP {
		return `must begin with "https://"; only mode = "development" allows http`
	}
	return ""
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
	usual := map[string]string{"http": "80", "https": "443"}
	switch port := u.Port(); {
	case port != "" && port != usual[u.Scheme]:
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return u.Scheme + "://" + host
}

// siteOf returns what browsers compare for SameSite: the scheme and the
// registrable domain, or the host where it has none
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
