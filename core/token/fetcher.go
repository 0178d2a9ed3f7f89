package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/cotterpin/cotterpin/core/web"
)

// maxDocument is how long a fetched document may be, in bytes.
const maxDocument = 1 << 20

// Fetcher fetches the JSON documents that an issuer publishes. It takes the
// answer 200 alone, follows no redirect, asks for no compression, and reads at
// most 1 MiB.
type Fetcher struct {
	// Client performs the requests; its CheckRedirect is not used. nil means
	// [http.DefaultClient]. Certificates are verified as its transport does.
	Client *http.Client

	// AllowInsecureLoopback also takes http:// addresses whose host is this
	// machine. It is for development.
	AllowInsecureLoopback bool
}

// Document returns a function that fetches the document at that address, as
// [RemoteOptions] wants it. An address that must not be fetched is an error.
func (f Fetcher) Document(address string) (func(context.Context) ([]byte, error), error) {
	if err := f.CheckURL(address); err != nil {
		return nil, err
	}
	return func(ctx context.Context) ([]byte, error) { return f.Get(ctx, address) }, nil
}

// CheckURL returns an error for an address that must not be fetched: anything
// but https://, and, if it is allowed, http:// on this machine.
func (f Fetcher) CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	switch {
	case u.Hostname() == "":
		return errors.New("token: an address needs a host")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && web.IsLoopback(u.Hostname()) && f.AllowInsecureLoopback:
		return nil
	default:
		return errors.New("token: an address begins with https://; http:// is for loopback in development only")
	}
}

// Get fetches one document. ctx bounds the time, the body included.
func (f Fetcher) Get(ctx context.Context, address string) ([]byte, error) {
	if err := f.CheckURL(address); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Accept-Encoding", "identity") // else the transport inflates

	response, err := f.client().Do(request)
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("token: answered with status %d", response.StatusCode)
	}
	document, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	if len(document) > maxDocument {
		return nil, fmt.Errorf("token: answered with more than %d bytes", maxDocument)
	}
	return document, nil
}

// client returns the client with redirects switched off.
func (f Fetcher) client() *http.Client {
	client := http.Client{}
	if f.Client != nil {
		client = *f.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}
