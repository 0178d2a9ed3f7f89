package emulator

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// hostPattern excludes every character with a meaning in a header field, such as
// Content-Security-Policy, or on a page.
var hostPattern = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// parseWebURL parses an absolute http or https URL without user information. The
// error does not quote the input.
func parseWebURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !hostPattern.MatchString(u.Host) {
		return nil, errors.New("must be an absolute http or https URL")
	}
	return u, nil
}

// originOf returns the origin of an http or https URL as browsers write it
// (RFC 6454, section 6.2).
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}

// allowsRedirect reports whether an application at u may receive codes and
// responses.
func (e *Emulator) allowsRedirect(u *url.URL) bool {
	return e.options.InsecureRemote || isLoopback(u.Host) || originOf(u) == e.origin
}
