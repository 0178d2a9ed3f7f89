package provider

import (
	"errors"
	"net/url"

	"github.com/cotterpin/cotterpin/core/token"
)

// CheckURL returns nil if a provider may be called at that address: an absolute
// https URL without user or fragment. In development http is allowed too, to a
// loopback host. The error reads as the problem of a mistake in an argument.
func CheckURL(raw string, development bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "":
		return errors.New(`must be an absolute URL, such as "https://id.example.com"`)
	case u.User != nil || u.Fragment != "":
		return errors.New("must have no user and no fragment")
	case token.Fetcher{AllowInsecureLoopback: development}.CheckURL(raw) != nil:
		return errors.New(`must be https: http is for this machine alone (localhost, 127.0.0.1), in mode "development"`)
	}
	return nil
}
