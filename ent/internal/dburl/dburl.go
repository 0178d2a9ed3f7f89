// Package dburl has the rules that the URLs of all database servers share, and the
// connector that follows a URL that is rotated.
package dburl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Form is the form of a type of URL.
type Form struct {
	Schemes []string
	Example string
}

// Want returns what a URL must be.
func (f Form) Want() string {
	return "must be a URL such as " + f.Example + ", with special characters of the password percent-encoded"
}

// Problem returns what is wrong with a URL, or "". It contains no part of the URL,
// because a password that was not encoded may end up in any part.
func (f Form) Problem(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	switch {
	case url == "":
		return "must not be empty: it " + f.Want()
	case strings.TrimSpace(url) != url:
		return `begins or ends with a line break or a space: write trimspace(env("NAME")) or trimspace(file("PATH"))`
	case !slices.Contains(f.Schemes, scheme), strings.ContainsFunc(url, isForbidden):
		return f.Want()
	case !hasValidPorts(rest):
		return fmt.Sprintf("has a port that is not a number from 1 to 65535: it %s", f.Want())
	}
	return ""
}

func isForbidden(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// hasValidPorts checks the ports of all hosts of a URL without its scheme.
func hasValidPorts(rest string) bool {
	authority := rest
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		authority = rest[:end]
	}
	hosts := authority[strings.LastIndexByte(authority, '@')+1:]
	for host := range strings.SplitSeq(hosts, ",") {
		_, port, found := strings.Cut(host[strings.LastIndexByte(host, ']')+1:], ":")
		if number, err := strconv.ParseUint(port, 10, 16); found && (err != nil || number == 0) {
			return false
		}
	}
	return true
}
