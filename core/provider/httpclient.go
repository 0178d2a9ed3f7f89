package provider

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// NewHTTPClient returns the client that calls a provider as h says; nil means
// [DefaultHTTP]. It follows no redirect, asks for no compression, speaks TLS 1.2
// or newer, and closes idle connections soon, so that a provider that moves is
// found at its new address. Proxies are taken from the environment.
//
// A relative CAFile is relative to directory, "" being the working directory.
// With base, requests take that way instead, and CAFile must be empty.
func NewHTTPClient(h *HTTP, directory string, base http.RoundTripper) (*http.Client, error) {
	if h == nil {
		defaults := DefaultHTTP()
		h = &defaults
	}
	if base != nil && h.CAFile != "" {
		return nil, errors.New("provider: ca_file does not go with a transport of the program's own")
	}
	if base == nil {
		transport, err := newTransport(h.CAFile, directory)
		if err != nil {
			return nil, err
		}
		base = transport
	}
	return &http.Client{
		Transport:     base,
		Timeout:       h.Timeout.Std(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

func newTransport(caFile, directory string) (*http.Transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pool, err := readAuthorities(caFile, directory)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConns:           10,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}, nil
}

func readAuthorities(caFile, directory string) (*x509.CertPool, error) {
	if !filepath.IsAbs(caFile) {
		caFile = filepath.Join(directory, caFile)
	}
	text, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("provider: ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("provider: ca_file: %s holds no certificate in PEM form", caFile)
	}
	return pool, nil
}
