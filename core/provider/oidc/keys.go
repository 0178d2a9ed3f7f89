package oidc

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
		d := newDiscovery(s, env)
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
