package verify

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/cotterpin/cotterpin/core/provider"
)

// newHTTPClient returns the client that calls a provider. It follows no redirect,
// requests no compression, requires TLS 1.2 or newer, and closes idle connections
// after 30 s, so that a provider that moves is found at its new address. Proxies
// come from the environment.
//
// A relative CAFile is relative to directory, "" being the working directory.
// Requests go through base instead if it is not nil; CAFile must then be empty.
func newHTTPClient(h provider.HTTP, directory string, base http.RoundTripper) (*http.Client, error) {
	if base != nil && h.CAFile != "" {
		return nil, errors.New("ca_file cannot be combined with a transport of the program (core.WithTransport): remove one of them")
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
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file: %s contains no certificate in PEM form", caFile)
	}
	return pool, nil
}
