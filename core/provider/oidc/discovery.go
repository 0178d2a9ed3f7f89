package oidc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/provider"
)

// discoveryURL returns the address of the discovery document, by default at the
// issuer (OpenID Connect Discovery 1.0, section 4.1).
func (s Settings) discoveryURL() string {
	return cmp.Or(s.DiscoveryURL, strings.TrimSuffix(s.Issuer, "/")+"/.well-known/openid-configuration")
}

// discovery finds the keys and endpoints by the issuer's discovery document (OpenID
// Connect Discovery 1.0, section 4). It is fetched before each fetch of keys, so
// that keys are found at a new address.
type discovery struct {
	issuer  string
	address string
	get     func(ctx context.Context, address string) ([]byte, error)
	now     func() time.Time
	ages    provider.KeyAges

	latest  atomic.Pointer[metadata]
	attempt chan time.Time // has the time of the latest fetch for a flow while none runs
}

// fetchPause is the time between two fetches for flows, which anyone can begin.
const fetchPause = time.Second

func newDiscovery(s Settings, env provider.Env) *discovery {
	d := &discovery{
		issuer:  s.Issuer,
		address: s.discoveryURL(),
		get:     env.Get,
		now:     env.Now,
		ages:    *provider.Common{Keys: &env.Keys}.WithDefaults().Keys,
		attempt: make(chan time.Time, 1),
	}
	d.attempt <- time.Time{}
	return d
}

// metadata is what is read of the discovery document.
type metadata struct {
	keys          string   // jwks_uri
	userInfo      string   // userinfo_endpoint
	authorization string   // authorization_endpoint
	token         string   // token_endpoint
	tokenAuth     []string // token_endpoint_auth_methods_supported
	namesIssuer   bool     // authorization_response_iss_parameter_supported
	fetchedAt     time.Time
}

// keys returns the JWK Set document.
func (d *discovery) keys(ctx context.Context) ([]byte, error) {
	found, err := d.fetch(ctx)
	if err != nil {
		return nil, err
	}
	if found.keys == "" {
		return nil, errors.New("oidc: discovery: the document has no jwks_uri")
	}
	return d.get(ctx, found.keys)
}

// current returns the metadata for a flow. It fetches the document if none is as
// young as keys must be, and falls back to an older one as keys do.
func (d *discovery) current(ctx context.Context) (*metadata, error) {
	if found, young := d.held(d.ages.MaxAge.Std()); young {
		return found, nil
	}
	select {
	case last := <-d.attempt:
		defer func() { d.attempt <- last }()
		if found, young := d.held(d.ages.MaxAge.Std()); young {
			return found, nil
		}
		err := errors.New("oidc: discovery: the latest fetch failed less than a second ago")
		if d.now().Sub(last) >= fetchPause {
			last = d.now()
			_, err = d.fetch(context.WithoutCancel(ctx)) // others need it if the client disconnects
		}
		return d.orUnavailable(err)
	case <-ctx.Done():
		return d.orUnavailable(ctx.Err())
	}
}

// orUnavailable returns the latest metadata unless they are too old, and then the
// error of a fetch.
func (d *discovery) orUnavailable(err error) (*metadata, error) {
	if found, usable := d.held(d.ages.MaxStale.Std()); usable {
		return found, nil
	}
	return nil, autherr.Wrap(autherr.TemporarilyUnavailable, "discovery_failed", err)
}

// held returns the latest metadata; false if they are older.
func (d *discovery) held(age time.Duration) (*metadata, bool) {
	found := d.latest.Load()
	return found, found != nil && d.now().Sub(found.fetchedAt) < age
}

// fetch fetches the document.
func (d *discovery) fetch(ctx context.Context) (*metadata, error) {
	began := d.now()
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
	announced, _ := document.Lookup("authorization_response_iss_parameter_supported")
	namesIssuer, _ := announced.Bool()
	methods, _ := document.Lookup("token_endpoint_auth_methods_supported")
	tokenAuth, _ := methods.Strings()
	found := &metadata{
		keys:          stringMember(document, "jwks_uri"),
		userInfo:      stringMember(document, "userinfo_endpoint"),
		authorization: stringMember(document, "authorization_endpoint"),
		token:         stringMember(document, "token_endpoint"),
		namesIssuer:   namesIssuer,
		tokenAuth:     tokenAuth,
		fetchedAt:     began,
	}
	d.latest.Store(found)
	return found, nil
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
