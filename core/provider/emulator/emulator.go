// Package emulator is a Cotter of one's own: an issuer that speaks Cotter's API
// and hosted sign-in page, signs with real keys, and delivers its one-time codes
// into a mailbox that everybody on this machine can read.
//
// It runs alone ([New] and ServeHTTP) or inside the kit, as `provider
// "emulator"` ([Type]). Its keys are new at every start, their ids are never
// Cotter's, and its tokens name its own URL as issuer, so that none of them can
// pass where a token of Cotter is demanded. User ids follow from the API key and
// the identifier, so that they outlive a restart.
//
// What it serves, below its mount:
//
//   - Cotter's API: /api/v0/token/jwks, /api/v0/verify/get_identity,
//     /api/v0/token and /api/v0/token/{API_KEY_ID}, /api/v0/user,
//     /api/v0/user/create; other paths below /api/v0/ answer 501.
//   - The hosted page: /app. The worker: /verify.
//   - For tests: /_emulator/mailbox, /_emulator/mint, /_emulator/faults.
//
// It does not do social login, WebAuthn, trusted devices, or anything that needs
// Cotter's API_SECRET_KEY. Who asks for a magic link gets a code instead.
//
// # Security
//
// Whoever reaches the emulator is anybody. It therefore answers 404 to a peer or
// a Host that is not loopback, redirects to loopback and its own origin alone,
// and the kit refuses it in production. [Options].InsecureRemote lifts the first
// two.
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

// Options say what an emulator is. APIKeyID and IssuerURL are required.
type Options struct {
	// APIKeyID is the one API key it knows: at Cotter a UUID, here up to 100
	// letters, digits, "-" and "_".
	APIKeyID string

	// IssuerURL is the URL the emulator is reached under, mount included,
	// without trailing slash, such as "http://localhost:1234". It is the iss of
	// its tokens. Loopback, unless InsecureRemote.
	IssuerURL string

	// BasePath is the path of the mount as browsers see it, such as
	// "/auth/emulator". "" (default): the emulator stands at the root.
	BasePath string

	// Users are identifiers that exist from the start and that the sign-in page
	// suggests. Default: none.
	Users []string

	// InsecureRemote lets everybody in who can reach the emulator: whatever the
	// peer, the Host and the redirect. It is warned about at each start.
	InsecureRemote bool

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: slog.Default
}

// Emulator is an issuer of Cotter tokens. It keeps what it must remember in
// memory, bounded: the oldest goes first.
type Emulator struct {
	options Options
	origin  string // of IssuerURL
	clock   clock

	keys     *keyring
	legacy   legacySigner
	faults   faults
	signIns  *signIns
	families *families
	users    *users
	mailbox  mailbox

	routes map[string]methods
}

var (
	_ web.Handler  = (*Emulator)(nil)
	_ http.Handler = (*Emulator)(nil)
)

// New returns an emulator with new keys.
func New(o Options) (*Emulator, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	issuer, err := o.check()
	if err != nil {
		return nil, err
	}
	keys, err := newKeyring()
	if err != nil {
		return nil, err
	}
	e := &Emulator{
		options:  o,
		origin:   originOf(issuer),
		clock:    clock{base: o.Now},
		keys:     keys,
		legacy:   newLegacySigner(o.APIKeyID),
		signIns:  newSignIns(),
		families: newFamilies(),
		users:    newUsers(o.APIKeyID),
	}
	for _, identifier := range o.Users {
		e.users.seen(identifier, e.clock.now())
	}
	e.routes = e.table()
	if o.InsecureRemote {
		o.Log.Warn("the Cotter emulator answers remote callers: whoever reaches it can sign in as anybody", "issuer", o.IssuerURL)
	}
	return e, nil
}

var apiKeyPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// check returns the parsed IssuerURL of options that make sense.
func (o Options) check() (*url.URL, error) {
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

// ServeHTTP answers a request of net/http, for an emulator at the root.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.Serve(r.Context(), web.FromHTTP(r)).WriteHTTP(w)
}

// Keys returns the published keys, as they are at each moment and without the
// faults that /_emulator/faults asks for.
func (e *Emulator) Keys() token.KeySet { return e.keys }
