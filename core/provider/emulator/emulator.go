// Package emulator is an issuer that implements Cotter's API and hosted sign-in
// page on this machine. It signs with real keys and delivers one-time codes to a
// mailbox that every process on this machine can read.
//
// It runs alone ([New] and ServeHTTP) or inside the kit, as `provider
// "emulator"` ([Type]). Its keys are new at each start, their ids are never
// Cotter's, and its tokens have its own URL as issuer, so that none of them is
// accepted in place of a token of Cotter. User ids are derived from the API key
// and the identifier, so that they survive a restart.
//
// It serves, below its mount:
//
//   - Cotter's API: /api/v0/token/jwks, /api/v0/verify/get_identity,
//     /api/v0/token and /api/v0/token/{API_KEY_ID}, /api/v0/user,
//     /api/v0/user/create. Other paths below /api/v0/ respond with 501.
//   - The hosted page: /app. The form of the browser SDK: /signup and /login. The
//     worker: /verify.
//   - For tests: /_emulator/mailbox, /_emulator/mint, /_emulator/faults.
//
// It does not implement social login, WebAuthn, trusted devices, form ids, or
// anything that needs Cotter's API_SECRET_KEY. A request to /app for a magic link
// gets a code instead.
//
// # Browser SDK
//
// npm cotter signs in unchanged, with one-time codes and magic links, once its base
// URLs are those of the emulator:
//
//	CotterEnum.JSURL = "http://localhost:1234"
//	CotterEnum.BackendURL = "http://localhost:1234/api/v0"
//
// The SDK accepts messages from an origin that equals JSURL. The JSURL of an
// emulator below a mount, such as "http://localhost:8080/auth/emulator", therefore
// works for pages of that origin alone: let the front end's development server pass
// the mount to the application, or run an emulator alone.
//
// # Security
//
// Anyone who can reach the emulator can sign in as any user. It therefore responds
// with 404 to a peer or a Host that is not loopback, redirects to loopback and its
// own origin only, and the kit rejects it in production. The form of the browser SDK
// can be framed by the page that its query names, and exchanges messages with it
// alone; that page must be one that the emulator redirects to.
// [Options].InsecureRemote accepts any peer, Host and page.
package emulator

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/token"
	"github.com/cotterpin/cotterpin/core/web"
)

// Options configures an emulator. APIKeyID and IssuerURL are required.
type Options struct {
	// APIKeyID is the only accepted API key: a UUID at Cotter, here 1 to 100
	// letters, digits, "-" and "_".
	APIKeyID string

	// IssuerURL is the URL of the emulator, mount included, without trailing slash,
	// such as "http://localhost:1234". It is the iss of its tokens. It must be
	// loopback, unless InsecureRemote is set.
	IssuerURL string

	// BasePath is the path of the mount in browsers, such as "/auth/emulator".
	// Default: "", the root.
	BasePath string

	// Users lists identifiers that exist from the start and that the sign-in page
	// suggests. Default: none.
	Users []string

	// InsecureRemote accepts every peer, Host and redirect, so that anyone who can
	// reach the emulator can sign in as any user. New logs a warning.
	InsecureRemote bool

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: slog.Default
}

// Emulator is an issuer of Cotter tokens. Its state is in memory and bounded: the
// oldest entries are evicted first. It is safe for concurrent use.
type Emulator struct {
	options Options
	origin  string // of IssuerURL
	clock   clock

	keys          *keyring
	legacy        legacySigner
	faults        faults
	signIns       *signIns
	refreshTokens *refreshTokens
	users         *users
	mailbox       mailbox

	routes map[string]methods
}

var (
	_ web.Handler  = (*Emulator)(nil)
	_ http.Handler = (*Emulator)(nil)
)

// New returns an emulator with new keys. It returns an error for invalid options.
func New(o Options) (*Emulator, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	issuer, err := o.validate()
	if err != nil {
		return nil, err
	}
	e := &Emulator{
		options:       o,
		origin:        originOf(issuer),
		clock:         clock{base: o.Now},
		keys:          newKeyring(),
		legacy:        newLegacySigner(o.APIKeyID),
		signIns:       newSignIns(),
		refreshTokens: newRefreshTokens(),
		users:         newUsers(o.APIKeyID),
	}
	for _, identifier := range o.Users {
		e.users.create(identifier, e.clock.now())
	}
	e.routes = e.routeTable()
	if o.InsecureRemote {
		o.Log.Warn("the Cotter emulator accepts remote callers: anyone who can reach it can sign in as any user", "issuer", o.IssuerURL)
	}
	return e, nil
}

var apiKeyPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// validate returns the parsed IssuerURL.
func (o Options) validate() (*url.URL, error) {
	if !apiKeyPattern.MatchString(o.APIKeyID) {
		return nil, errors.New("emulator: APIKeyID must be 1 to 100 letters, digits, \"-\" and \"_\"")
	}
	if o.BasePath != "" && (!strings.HasPrefix(o.BasePath, "/") || strings.HasSuffix(o.BasePath, "/")) {
		return nil, errors.New("emulator: BasePath must be empty, or begin with a slash and not end with one")
	}
	for _, identifier := range o.Users {
		if !validIdentifier(identifier) {
			return nil, errors.New("emulator: Users: " + identifierRule)
		}
	}
	issuer, err := parseWebURL(o.IssuerURL)
	if err != nil {
		return nil, fmt.Errorf("emulator: IssuerURL %w", err)
	}
	if issuer.RawQuery != "" || issuer.Fragment != "" || strings.HasSuffix(issuer.Path, "/") {
		return nil, errors.New("emulator: IssuerURL must have no query, no fragment and no trailing slash")
	}
	if !o.InsecureRemote && !isLoopback(issuer.Host) {
		return nil, errors.New("emulator: IssuerURL must be a loopback address, unless InsecureRemote is set")
	}
	return issuer, nil
}

// ServeHTTP serves an emulator at the root with net/http.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.Serve(r.Context(), web.FromHTTP(r)).WriteHTTP(w)
}

// Keys returns the published keys. It follows rotations and ignores the faults of
// the key set.
func (e *Emulator) Keys() token.KeySet { return e.keys }
