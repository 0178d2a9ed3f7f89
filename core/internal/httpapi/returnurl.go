package httpapi

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxReturnURL is the maximum length of a return URL in bytes. Its flow's cookie
// contains it, and all cookies must fit into a request.
const maxReturnURL = 2048

// ReturnURLs decides to which addresses a browser may be redirected after a sign-in,
// so that the application is no open redirector.
type ReturnURLs struct {
	origins []string // scheme://host[:port], without the scheme's own port
}

// NewReturnURLs returns the rule for an application with these origins. Only those
// of http and https count.
func NewReturnURLs(origins ...string) ReturnURLs {
	var all ReturnURLs
	for _, origin := range origins {
		if canonical, ok := originOf(origin); ok {
			all.origins = append(all.origins, canonical)
		}
	}
	return all
}

// Location returns the value of the field Location that leads to a return URL:
//   - a path that begins with one slash, on the origin of the request, or
//   - an http or https URL without user information of one of the origins.
//
// The result is ASCII, and that of a URL begins with the origin as the settings have
// it, so that no other reading of the URL leads elsewhere. "" is "/". It returns
// false for anything else, for control characters and backslashes, which browsers
// drop or read as slashes (WHATWG URL Standard, section 4.4), and for a path that
// has those after another decoding.
func (u ReturnURLs) Location(raw string) (location string, ok bool) {
	switch {
	case raw == "":
		return "/", true
	case len(raw) > maxReturnURL || !isClean(raw):
		return "", false
	case raw[0] == '/':
		decoded, err := url.PathUnescape(raw)
		if err != nil || !isClean(decoded) || strings.HasPrefix(decoded, "//") {
			return "", false
		}
		return inASCII(raw), true
	default:
		return u.absolute(raw)
	}
}

func (u ReturnURLs) absolute(raw string) (location string, ok bool) {
	given, ok := originOf(raw)
	if !ok {
		return "", false
	}
	_, rest, _ := strings.Cut(raw, "//")
	from := strings.IndexAny(rest, "/?#")
	if from < 0 {
		from = len(rest)
	}
	for _, origin := range u.origins {
		if origin == given {
			return origin + inASCII(rest[from:]), true
		}
	}
	return "", false
}

// originOf returns the origin of an http or https URL without user information: in
// lower case, without the scheme's own port.
func originOf(raw string) (origin string, ok bool) {
	parsed, err := url.Parse(raw)
	if err != nil || parsed.Opaque != "" || parsed.User != nil || parsed.Hostname() == "" {
		return "", false
	}
	standard := map[string]string{"https": "443", "http": "80"}[parsed.Scheme]
	if standard == "" {
		return "", false
	}
	host := strings.ToLower(parsed.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := parsed.Port(); port != "" && port != standard {
		host += ":" + port
	}
	return parsed.Scheme + "://" + host, true
}

// isClean reports whether s is UTF-8 without control characters and backslashes.
func isClean(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || unicode.IsControl(r) })
}

// inASCII escapes spaces and what is not ASCII.
func inASCII(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' {
			b.WriteString(url.PathEscape(s[i : i+1]))
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// WithFailure returns the location with the parameters auth_error and request_id in
// place of those that its query has.
func WithFailure(location, code, requestID string) string {
	location, fragment, hasFragment := strings.Cut(location, "#")
	address, query, _ := strings.Cut(location, "?")
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); pair != "" && (err != nil || decoded != "auth_error" && decoded != "request_id") {
			pairs = append(pairs, pair)
		}
	}
	pairs = append(pairs, "auth_error="+url.QueryEscape(code), "request_id="+url.QueryEscape(requestID))
	location = address + "?" + strings.Join(pairs, "&")
	if hasFragment {
		location += "#" + fragment
	}
	return location
}
