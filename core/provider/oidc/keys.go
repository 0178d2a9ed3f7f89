package oidc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// openKeys returns the keys of the source that the settings name, without
// asking the network.
func openKeys(s Settings, env provider.Env) (token.KeySet, error) {
	if s.JWKSFile != "" {
		return readKeys(s.JWKSFile, env.Directory)
	}
	fetch, err := fetcher(s, token.Fetcher{Client: env.HTTPClient, AllowInsecureLoopback: env.Development})
	if err != nil {
		return nil, err
	}
	return token.NewRemoteKeySet(token.RemoteOptions{
		Fetch:   fetch,
		Timeout: env.HTTPClient.Timeout,
		Now:     env.Now,
		Log:     env.Log,
	}), nil
}

func readKeys(file, directory string) (token.KeySet, error) {
	if !filepath.IsAbs(file) {
		file = filepath.Join(directory, file)
	}
	document, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("jwks_file: %w", err)
	}
	keys, err := token.StaticJWKS(document)
	if err != nil {
		return nil, fmt.Errorf("jwks_file: %w", err)
	}
	return keys, nil
}

func fetcher(s Settings, f token.Fetcher) (func(context.Context) ([]byte, error), error) {
	if s.JWKSURL != "" {
		return f.Document(s.JWKSURL)
	}
	d := discovery{issuer: s.Issuer, address: s.discoveryURL(), fetcher: f}
	return d.keys, f.CheckURL(d.address)
}

// discoveryURL is where the discovery document is, at the issuer if nothing
// else is said (OpenID Connect Discovery 1.0, section 4.1).
func (s Settings) discoveryURL() string {
	return cmp.Or(s.DiscoveryURL, strings.TrimSuffix(s.Issuer, "/")+"/.well-known/openid-configuration")
}

// keySource is the file or address that the search for keys begins at.
func (s Settings) keySource() string { return cmp.Or(s.JWKSFile, s.JWKSURL, s.discoveryURL()) }

// discovery finds the keys by the issuer's own description (OpenID Connect
// Discovery 1.0, section 4). It is read before every fetch of keys, so that
// keys that move are followed.
type discovery struct {
	issuer  string
	address string
	fetcher token.Fetcher
}

// keys returns the JWK Set document.
func (d discovery) keys(ctx context.Context) ([]byte, error) {
	body, err := d.fetcher.Get(ctx, d.address)
	if err != nil {
		return nil, fmt.Errorf("oidc: discovery: %w", err)
	}
	document, err := strictjson.Parse(body)
	if err != nil {
		return nil, fmt.Errorf("oidc: discovery: %w", err)
	}
	// Another issuer's description would bring another issuer's keys: section 4.3.
	if text(document, "issuer") != d.issuer {
		return nil, errors.New("oidc: discovery: the document is of another issuer")
	}
	address := text(document, "jwks_uri")
	if address == "" {
		return nil, errors.New("oidc: discovery: the document names no jwks_uri")
	}
	return d.fetcher.Get(ctx, address)
}

// text returns a member that is a string, "" if it is not there or is not one.
func text(o strictjson.Object, name string) string {
	value, _ := o.Lookup(name)
	s, _ := value.String()
	return s
}
