package oidc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/provider"
)

// source is where an issuer's keys come from.
type source struct {
	tenant    string // "" if the issuer has none
	keys      provider.Keys
	discovery *discovery // nil if no discovery document is used
}

// openSource opens the source that the settings of one issuer name, without using
// the network.
func openSource(s Settings, env provider.Env) (source, error) {
	from := source{tenant: strings.Join(s.Tenants, "")}
	var err error
	switch {
	case s.JWKSFile != "":
		from.keys, err = readKeys(s.JWKSFile, env.Directory)
	case s.JWKSURL != "":
		from.keys, err = env.RemoteKeys(s.JWKSURL)
	default:
		d := &discovery{issuer: s.Issuer, address: s.discoveryURL(), get: env.Get}
		from.discovery, from.keys = d, env.FetchedKeys(d.address, d.keys)
		err = env.CheckURL(d.address)
	}
	return from, err
}

func readKeys(file, directory string) (provider.Keys, error) {
	path := file
	if !filepath.IsAbs(path) {
		path = filepath.Join(directory, path)
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return provider.Keys{}, fmt.Errorf("jwks_file: %w", err)
	}
	keys, err := provider.StaticKeys(file, document)
	if err != nil {
		return provider.Keys{}, fmt.Errorf("jwks_file: %w", err)
	}
	return keys, nil
}

// discoveryURL returns the address of the discovery document, by default at the
// issuer (OpenID Connect Discovery 1.0, section 4.1).
func (s Settings) discoveryURL() string {
	return cmp.Or(s.DiscoveryURL, strings.TrimSuffix(s.Issuer, "/")+"/.well-known/openid-configuration")
}

// discovery finds the keys by the issuer's discovery document (OpenID Connect
// Discovery 1.0, section 4). It is fetched before each fetch of keys, so that
// keys are found at a new address.
type discovery struct {
	issuer  string
	address string
	get     func(ctx context.Context, address string) ([]byte, error)

	userInfo atomic.Value // a string: userinfo_endpoint of the latest document
}

// keys returns the JWK Set document.
func (d *discovery) keys(ctx context.Context) ([]byte, error) {
	body, err := d.get(ctx, d.address)
	if err != nil {
		return nil, fmt.Errorf("oidc: discovery: %w", err)
	}
	document, err := strictjson.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("oidc: discovery: %w", err)
	}
	// Another issuer's document would bring another issuer's keys: section 4.3.
	if issuer := stringMember(document, "issuer"); issuer != d.issuer {
		return nil, fmt.Errorf("oidc: discovery: the document is another issuer's: expected %q, found %q", d.issuer, cut(issuer))
	}
	d.userInfo.Store(stringMember(document, "userinfo_endpoint"))
	address := stringMember(document, "jwks_uri")
	if address == "" {
		return nil, errors.New("oidc: discovery: the document has no jwks_uri")
	}
	return d.get(ctx, address)
}

// cut returns a value that the issuer chose, short enough for the log.
func cut(s string) string { return s[:min(len(s), 200)] }

// stringMember returns a member that is a string, "" if it is missing or is of
// another type.
func stringMember(o strictjson.Object, name string) string {
	value, _ := o.Lookup(name)
	s, _ := value.String()
	return s
}
