package provider

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/cotterpin/cotterpin/core/internal/jwt"
)

// Env is what a driver gets in addition to its own arguments.
type Env struct {
	Name        string // of the block
	Development bool   // auth.mode is "development"
	BaseURL     string // auth.base_url: an origin without trailing slash; "" in Validate while that is invalid
	MountPath   string // where the driver's own routes are mounted: auth.path + "/" + Name
	Directory   string // base of relative paths: that of the file, or "" for the working directory

	// Keys limits the age of keys, as the block `keys` configures. Zero fields mean
	// the defaults.
	Keys KeyAges

	// HTTPClient calls the provider as the block `http` configures: with a time
	// limit, following no redirect. Never nil in Open; nil in Validate.
	HTTPClient *http.Client

	Now func() time.Time // never nil in Open
	Log *slog.Logger     // never nil in Open
}

// RemoteKeys returns the keys of the JWK Set document at that address. They are
// fetched when they are first needed, and again as [KeyAges] specifies, when a
// token names an unknown key, and when a signature is bad and the keys are older
// than five minutes. All this causes at most one fetch in ten seconds, after a
// burst of three. An address that must not be fetched is an error; see
// [Env.CheckURL].
func (e Env) RemoteKeys(address string) (Keys, error) {
	fetch, err := e.fetcher().Document(address)
	if err != nil {
		return Keys{}, err
	}
	return e.FetchedKeys(address, fetch), nil
}

// FetchedKeys returns the keys of the JWK Set document that fetch returns, in the
// same way. The source identifies where fetch looks for them.
func (e Env) FetchedKeys(source string, fetch func(context.Context) ([]byte, error)) Keys {
	return Keys{
		KeySet: jwt.NewRemoteKeySet(jwt.RemoteOptions{
			Fetch:    fetch,
			MaxAge:   e.Keys.MaxAge.Std(),
			MaxStale: e.Keys.MaxStale.Std(),
			Timeout:  e.HTTPClient.Timeout,
			Now:      e.Now,
			Log:      e.Log,
		}),
		Source: source,
	}
}

// Get fetches one of the provider's JSON documents with HTTPClient. It accepts
// status 200 only, follows no redirect, requests no compression, and reads at
// most 1 MiB. An address that must not be fetched is an error; see
// [Env.CheckURL].
func (e Env) Get(ctx context.Context, address string) ([]byte, error) {
	return e.fetcher().Get(ctx, address)
}

func (e Env) fetcher() jwt.Fetcher {
	return jwt.Fetcher{Client: e.HTTPClient, AllowInsecureLoopback: e.Development}
}

// CheckURL returns nil if a provider may be called at that address: an absolute
// https URL without user or fragment. In development http is allowed too, to a
// loopback host. The error is the message of a [config.Problem].
func (e Env) CheckURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return errors.New(`must be an absolute URL, such as "https://id.example.com"`)
	case u.User != nil || u.Fragment != "":
		return errors.New("must have no user and no fragment")
	case e.fetcher().CheckURL(address) != nil:
		return errors.New(`must be https: http is accepted for this machine alone (localhost, 127.0.0.1), in mode "development"`)
	}
	return nil
}
