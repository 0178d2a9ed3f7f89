package jwt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/cotterpin/cotterpin/core/web"
)

// maxDocument is the maximum length of a document in bytes.
const maxDocument = 1 << 20

// Fetcher fetches the JSON documents that an issuer publishes. It accepts status
// 200 only, follows no redirect, requests no compression, and reads at most
// 1 MiB. The zero value is ready to use.
type Fetcher struct {
	// Client performs the requests and verifies certificates; its CheckRedirect
	// is ignored. nil: a client with default settings.
	Client *http.Client

	// AllowInsecureLoopback also accepts http:// URLs of a loopback host. It is
	// for development.
	AllowInsecureLoopback bool
}

// Document returns a function for [RemoteOptions] that fetches the document at
// address. It returns the error of [Fetcher.CheckURL].
func (f Fetcher) Document(address string) (func(context.Context) ([]byte, error), error) {
	if err := f.CheckURL(address); err != nil {
		return nil, err
	}
	return func(ctx context.Context) ([]byte, error) { return f.Get(ctx, address) }, nil
}

// CheckURL returns an error unless address is an https:// URL or, with
// AllowInsecureLoopback, an http:// URL of a loopback host.
func (f Fetcher) CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("jwt: %w", err)
	}
	switch {
	case u.Hostname() == "":
		return errors.New("jwt: URL without host")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && web.IsLoopback(u.Hostname()) && f.AllowInsecureLoopback:
		return nil
	default:
		return errors.New("jwt: URL must begin with https://; http:// is accepted for loopback in development only")
	}
}

// Get fetches one document. ctx bounds the whole exchange, including the body.
func (f Fetcher) Get(ctx context.Context, address string) ([]byte, error) {
	if err := f.CheckURL(address); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Accept-Encoding", "identity") // otherwise the transport decompresses

	response, err := f.client().Do(request)
	if err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("jwt: unexpected status %d", response.StatusCode)
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
	}
	if len(document) > maxDocument {
		return nil, fmt.Errorf("jwt: document exceeds %d bytes", maxDocument)
	}
	return document, nil
}

// client returns a copy of the client that follows no redirect.
func (f Fetcher) client() *http.Client {
	client := http.Client{}
	if f.Client != nil {
		client = *f.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}
