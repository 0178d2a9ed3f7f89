package ownjwt_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/internal/ownjwt"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/token"
)

const (
	origin = "https://api.example.com"
	day    = 24 * time.Hour
)

var (
	secretA = config.NewSecret(strings.Repeat("A", 43))
	secretB = config.NewSecret("B" + strings.Repeat("A", 42))
)

// keyStore is a store that counts its calls and can fail.
type keyStore struct {
	session.KeyStore

	meet     *meeting // nil: List returns at once
	lists    atomic.Int32
	down     atomic.Bool
	readOnly atomic.Bool
}

var errDown = errors.New("database is away")

func newKeyStore() *keyStore { return &keyStore{KeyStore: memstore.New().Keys()} }

func (s *keyStore) List(ctx context.Context) ([]session.Key, error) {
	s.lists.Add(1)
	if s.down.Load() {
		return nil, errDown
	}
	if s.meet != nil {
		defer s.meet.wait()
	}
	return s.KeyStore.List(ctx)
}

// meeting lets calls wait for each other until as many have arrived.
type meeting struct {
	missing atomic.Int32
	all     chan struct{}
}

func newMeeting(size int32) *meeting {
	m := &meeting{all: make(chan struct{})}
	m.missing.Store(size)
	return m
}

func (m *meeting) wait() {
	if m.missing.Add(-1) == 0 {
		close(m.all)
	}
	<-m.all
}

func (s *keyStore) Add(ctx context.Context, k session.Key) error {
	if s.down.Load() || s.readOnly.Load() {
		return errDown
	}
	return s.KeyStore.Add(ctx, k)
}

// keys returns what is stored for a purpose.
func (s *keyStore) keys(t *testing.T, purpose session.KeyPurpose) []session.Key {
	t.Helper()
	all, err := s.KeyStore.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(k session.Key) bool { return k.Purpose != purpose })
}

// node is a process with a keyring.
type node struct {
	*ownjwt.Keyring

	cache    *jwt.Cache[string]
	verified atomic.Int32
	log      bytes.Buffer // read it after synctest.Wait
}

func newNode(t *testing.T, store session.KeyStore, secret config.Secret) *node {
	t.Helper()
	n := new(node)
	n.Keyring = ownjwt.NewKeyring(store, ownjwt.KeyringOptions{Secret: secret, Log: slog.New(slog.NewTextHandler(&n.log, nil))})
	verifier, err := jwt.NewVerifier(jwt.Policy{
		Keys: n.Keyring, Issuer: origin, Audience: []string{origin}, Algorithms: []string{"ES256"},
		Types: []string{ownjwt.TokenType}, KeyIDRequired: true, PlainHeader: true, AudienceList: true,
		Check: func(token.Claims) error { n.verified.Add(1); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	n.cache = jwt.NewCache(verifier, 100, func(c token.Claims) (string, error) { return c.Subject, nil })
	return n
}

// issue returns a new token that expires after a day.
func (n *node) issue(t *testing.T) string {
	t.Helper()
	const claims = `{"iss":%q,"aud":[%q],"sub":"user-1","iat":%d,"exp":%d}`
	now := time.Now()
	raw, err := n.Sign(t.Context(), fmt.Appendf(nil, claims, origin, origin, now.Unix(), now.Add(day).Unix()))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (n *node) accepts(t *testing.T, raw string) {
	t.Helper()
	if subject, err := n.cache.Verify(t.Context(), raw); err != nil || subject != "user-1" {
		t.Errorf("a valid token: got %q, %v", subject, err)
	}
}

func (n *node) rejects(t *testing.T, raw string, code autherr.Code) {
	t.Helper()
	if _, err := n.cache.Verify(t.Context(), raw); autherr.CodeOf(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func (n *node) rotate(t *testing.T, revoke bool) {
	t.Helper()
	if err := n.Rotate(t.Context(), revoke); err != nil {
		t.Fatal(err)
	}
}

func header(t *testing.T, raw string) (h struct{ Alg, Typ, Kid string }) {
	t.Helper()
	segment, _, _ := strings.Cut(raw, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(decoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&h); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestKeyring_SignVerifies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		a, b := newNode(t, store, secretA), newNode(t, store, secretA)
		raw := a.issue(t)
		if h := header(t, raw); h.Alg != "ES256" || h.Typ != "at+jwt" || h.Kid != store.keys(t, session.KeySigns)[0].ID {
			t.Errorf("the header is %+v", h)
		}
		a.accepts(t, raw)
		b.accepts(t, raw)
		signed, signature := raw[:strings.LastIndex(raw, ".")+1], raw[strings.LastIndex(raw, ".")+1:]
		first := "A"
		if signature[0] == 'A' {
			first = "B"
		}
		b.rejects(t, signed+first+signature[1:], autherr.InvalidToken)
		for _, purpose := range []session.KeyPurpose{session.KeySigns, session.KeyRefreshes} {
			if keys := store.keys(t, purpose); len(keys) != 1 || keys[0].Serial != 1 || !keys[0].ActiveAt.Equal(keys[0].CreatedAt) {
				t.Errorf("%s: two nodes stored %+v, want one key that is active at once", purpose, keys)
			}
		}
	})
}

func TestKeyring_Forgeries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newKeyStore(), secretA)
		raw := n.issue(t)
		n.accepts(t, raw)
		kid := header(t, raw).Kid
		_, rest, _ := strings.Cut(raw, ".")
		for name, forged := range map[string]string{
			"Type":      `{"alg":"ES256","kid":"` + kid + `","typ":"JWT"}`,
			"NoType":    `{"alg":"ES256","kid":"` + kid + `"}`,
			"None":      `{"alg":"none","kid":"` + kid + `","typ":"at+jwt"}`,
			"HMAC":      `{"alg":"HS256","kid":"` + kid + `","typ":"at+jwt"}`,
			"Curve":     `{"alg":"ES384","kid":"` + kid + `","typ":"at+jwt"}`,
			"NoKeyID":   `{"alg":"ES256","typ":"at+jwt"}`,
			"KeySource": `{"alg":"ES256","kid":"` + kid + `","typ":"at+jwt","jku":"https://evil.example"}`,
			"Signature": `{"alg":"ES256", "kid":"` + kid + `","typ":"at+jwt"}`,
		} {
			raw := base64.RawURLEncoding.EncodeToString([]byte(forged)) + "." + rest
			if _, err := n.cache.Verify(t.Context(), raw); autherr.CodeOf(err) != autherr.InvalidToken {
				t.Errorf("%s: got %v, want invalid_token", name, err)
			}
		}
	})
}

func TestKeyring_FirstKeyRace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const size = 20
		store := newKeyStore()
		store.meet = newMeeting(size)
		var nodes []*node
		for range size {
			nodes = append(nodes, newNode(t, store, secretA))
		}
		var started sync.WaitGroup
		tokens := make([]string, len(nodes))
		for i, n := range nodes {
			started.Go(func() { tokens[i] = n.issue(t) })
		}
		started.Wait()
		for i, n := range nodes {
			n.accepts(t, tokens[(i+1)%len(tokens)])
		}
		if keys := store.keys(t, session.KeySigns); len(keys) != 1 {
			t.Errorf("%d keys, want 1", len(keys))
		}
	})
}

// Both nodes rotate when the key is due, and each verifies what the other signs
// at every step.
func TestKeyring_RotatesWithOverlap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		a, b := newNode(t, store, secretA), newNode(t, store, secretA)
		began, last := time.Now(), b.issue(t)
		kids := []string{header(t, last).Kid}
		for time.Since(began) < 32*day {
			time.Sleep(20 * time.Minute)
			a.accepts(t, last) // that b has signed 20 minutes ago
			raw := a.issue(t)
			b.accepts(t, raw)
			last = b.issue(t)
			a.accepts(t, last)
			kid := header(t, raw).Kid
			if slices.Contains(kids, kid) {
				continue
			}
			kids = append(kids, kid)
			if after := time.Since(began); after < 30*day || after > 30*day+time.Hour {
				t.Errorf("the key is replaced after %v, want 30 days", after)
			}
		}
		if len(kids) != 2 {
			t.Errorf("keys %q signed in 32 days, want two", kids)
		}
		if keys := store.keys(t, session.KeySigns); len(keys) != 1 || keys[0].Serial != 2 {
			t.Errorf("stored %+v, want the second key alone", keys)
		}
		if keys := store.keys(t, session.KeyRefreshes); len(keys) != 2 {
			t.Errorf("%d refresh keys, want both: sessions are longer", len(keys))
		}
		synctest.Wait()
		for _, n := range []*node{a, b} {
			if strings.Contains(n.log.String(), "WARN") || strings.Contains(n.log.String(), "ERROR") {
				t.Errorf("the log is\n%s", &n.log)
			}
		}
	})
}

// Without any request the keys are rotated and read again.
func TestKeyring_Run(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		n := newNode(t, store, secretA)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go n.Run(ctx)
		synctest.Wait()
		if keys := store.keys(t, session.KeySigns); len(keys) != 1 {
			t.Fatalf("stored %+v at the start, want the first key", keys)
		}
		stop()
		time.Sleep(30*day - time.Hour - time.Minute)
		ctx, stop = context.WithCancel(t.Context())
		defer stop()
		go n.Run(ctx)
		time.Sleep(45 * time.Second)
		synctest.Wait()
		if keys := store.keys(t, session.KeySigns); len(keys) != 1 {
			t.Errorf("stored %+v before the next key is due", keys)
		}
		time.Sleep(45 * time.Second)
		synctest.Wait()
		if keys := store.keys(t, session.KeySigns); len(keys) != 2 || !keys[1].ActiveAt.Equal(keys[1].CreatedAt.Add(time.Hour)) {
			t.Errorf("stored %+v, want a key that is used an hour later", keys)
		}
	})
}

func TestKeyring_NextKeyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		a, b := newNode(t, store, secretA), newNode(t, store, secretA)
		old := a.issue(t)
		b.accepts(t, old)
		newNode(t, store, secretA).rotate(t, false)
		if n := published(t, a); n != 1 {
			t.Fatalf("%d keys are published before they are read again", n)
		}
		time.Sleep(time.Hour - time.Millisecond)
		if got := header(t, a.issue(t)).Kid; got != header(t, old).Kid {
			t.Error("the next key is used before an hour has passed")
		}
		if n := published(t, a); n != 2 {
			t.Errorf("%d keys are published, want 2: verifiers need the next one before it is used", n)
		}
		time.Sleep(time.Millisecond)
		raw := a.issue(t)
		if header(t, raw).Kid == header(t, old).Kid {
			t.Error("the next key is not used after an hour")
		}
		b.accepts(t, raw)
		b.accepts(t, old)
	})
}

// published returns the number of keys in the document.
func published(t *testing.T, n *node) int {
	t.Helper()
	document, err := n.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(document, &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		if len(k) != 7 || k["kty"] != "EC" || k["crv"] != "P-256" || k["alg"] != "ES256" || k["use"] != "sig" || len(k["x"]) != 43 || len(k["y"]) != 43 || k["kid"] == "" {
			t.Errorf("the document has the key %v", k)
		}
	}
	return len(set.Keys)
}

func TestKeyring_Revoke(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		a, b := newNode(t, store, secretA), newNode(t, store, secretA)
		old := a.issue(t)
		a.accepts(t, old)
		b.accepts(t, old)
		refresh := refreshKeys(t, a)

		time.Sleep(time.Second)
		newNode(t, store, secretA).rotate(t, true)
		time.Sleep(ownjwt.KeyMaxAge)
		fresh := a.issue(t)
		a.rejects(t, old, autherr.InvalidToken)
		b.rejects(t, old, autherr.InvalidToken)
		b.accepts(t, fresh)
		if n := published(t, b); n != 1 {
			t.Errorf("%d keys are published, want the new one", n)
		}
		if k := newest(t, store); !k.ActiveAt.Equal(k.CreatedAt) {
			t.Errorf("the new key is active %v after it was stored, want at once", k.ActiveAt.Sub(k.CreatedAt))
		}
		if keys := refreshKeys(t, b); len(keys) != 2 || !hmac.Equal(keys[0], refresh[0]) {
			t.Error("sessions do not continue: the refresh key is replaced before every node has the next one")
		}

		time.Sleep(26 * time.Hour)
		a.issue(t)
		synctest.Wait()
		if keys := store.keys(t, session.KeySigns); len(keys) != 1 || keys[0].Serial != 2 {
			t.Errorf("stored %+v, want the new key alone", keys)
		}
	})
}

func refreshKeys(t *testing.T, n *node) [][]byte {
	t.Helper()
	keys, err := n.RefreshKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Without a key that is not revoked, the next is used at once.
func TestKeyring_AllRevoked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		n := newNode(t, store, secretA)
		n.accepts(t, n.issue(t))
		if err := store.Revoke(t.Context(), store.keys(t, session.KeySigns)[0].ID, time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(ownjwt.KeyMaxAge)
		raw := n.issue(t)
		n.accepts(t, raw)
		if keys := store.keys(t, session.KeySigns); len(keys) != 2 || header(t, raw).Kid != keys[1].ID {
			t.Errorf("stored %+v, want a second key that signs", keys)
		}
	})
}

// The first refresh key is the one in use, the others follow, newest first.
func TestKeyring_RefreshKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newKeyStore(), secretA)
		one := refreshKeys(t, n)
		for range 2 {
			n.rotate(t, false)
			time.Sleep(time.Hour)
		}
		three := refreshKeys(t, n)
		if len(one) != 1 || len(three) != 3 || !hmac.Equal(three[2], one[0]) {
			t.Fatalf("%d keys, then %d, want 1 and 3, the first one last", len(one), len(three))
		}
		n.rotate(t, false)
		time.Sleep(ownjwt.KeyMaxAge)
		four := refreshKeys(t, n)
		if len(four) != 4 || !hmac.Equal(four[0], three[0]) || !hmac.Equal(four[2], three[1]) || !hmac.Equal(four[3], three[2]) {
			t.Error("the next key is not between the one in use and the older ones")
		}
	})
}

// A token of a key that this node has not read yet is valid at once.
func TestKeyring_UnknownKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		a, b := newNode(t, store, secretA), newNode(t, store, secretA)
		b.accepts(t, a.issue(t))
		time.Sleep(time.Second)
		a.rotate(t, true)
		time.Sleep(time.Millisecond)
		c := newNode(t, store, secretA)
		b.accepts(t, c.issue(t))
	})
}

func TestKeyring_InventedKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		n := newNode(t, store, secretA)
		n.accepts(t, n.issue(t))
		before := store.lists.Load()
		for i := range 1000 {
			time.Sleep(10 * time.Millisecond)
			q := token.KeyQuery{ID: fmt.Sprint("invented-", i), Algorithm: "ES256", IssuedAt: time.Now()}
			if _, err := n.Key(t.Context(), q); err == nil {
				t.Fatal("an invented key is found")
			}
		}
		if statements := store.lists.Load() - before; statements > 4 {
			t.Errorf("1000 invented kids in 10 s cause %d statements, want 4 at most", statements)
		}
		n.accepts(t, n.issue(t))
	})
}

// A token that was verified before costs no statement, whose number is bounded by
// the age of the keys, and its signature is not verified again.
func TestKeyring_CachedToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		n := newNode(t, store, secretA)
		raw := n.issue(t)
		before := store.lists.Load()
		for range 600 {
			n.accepts(t, raw)
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if statements := store.lists.Load() - before; statements < 20 || statements > 24 {
			t.Errorf("%d statements in 10 minutes, want one in 25 to 30 seconds", statements)
		}
		if got := n.verified.Load(); got != 1 {
			t.Errorf("the signature was verified %d times, want once", got)
		}
	})
}

func TestKeyring_DatabaseAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		n := newNode(t, store, secretA)
		n.accepts(t, n.issue(t))
		store.down.Store(true)
		for range 58 {
			time.Sleep(time.Minute)
			n.accepts(t, n.issue(t))
		}
		raw := n.issue(t)
		time.Sleep(3 * time.Minute)
		n.rejects(t, raw, autherr.TemporarilyUnavailable)
		if _, err := n.Sign(t.Context(), []byte("{}")); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
			t.Errorf("signing with keys that are too old: %v", err)
		}
		store.down.Store(false)
		time.Sleep(10 * time.Second)
		n.accepts(t, raw)
		n.accepts(t, n.issue(t))
	})
}

func TestKeyring_NoFirstKey(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*keyStore){
		"Away":     func(s *keyStore) { s.down.Store(true) },
		"ReadOnly": func(s *keyStore) { s.readOnly.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := newKeyStore()
				fail(store)
				n := newNode(t, store, secretA)
				if _, err := n.Sign(t.Context(), []byte("{}")); autherr.CodeOf(err) != autherr.TemporarilyUnavailable || !errors.Is(err, errDown) {
					t.Errorf("signing: %v", err)
				}
				if _, err := n.RefreshKeys(t.Context()); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
					t.Errorf("refresh keys: %v", err)
				}
				if _, err := n.JWKS(t.Context()); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
					t.Errorf("document: %v", err)
				}
			})
		})
	}
}

// A database that can only be read stops the rotation and nothing else.
func TestKeyring_ReadOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		n := newNode(t, store, secretA)
		kid := header(t, n.issue(t)).Kid
		store.readOnly.Store(true)
		time.Sleep(31 * day)
		for range 3 {
			raw := n.issue(t)
			if header(t, raw).Kid != kid {
				t.Fatal("another key is used")
			}
			n.accepts(t, raw)
			time.Sleep(time.Hour)
		}
		synctest.Wait()
		if got := strings.Count(n.log.String(), "server_keys_defective"); got != 1 {
			t.Errorf("the defect is logged %d times, want once:\n%s", got, &n.log)
		}
		store.readOnly.Store(false)
		n.issue(t)
		time.Sleep(2 * time.Hour)
		if header(t, n.issue(t)).Kid == kid {
			t.Error("the key is not replaced after the recovery")
		}
	})
}

func TestKeyring_WrongSecret(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		secret config.Secret
		want   string
	}{
		"Other": {secretB, `key_secret of session "own" cannot decrypt server key`},
		"None":  {config.Secret{}, `session "own" has no key_secret: set it`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := newKeyStore()
				right, wrong := newNode(t, store, secretA), newNode(t, store, c.secret)
				old := right.issue(t)
				right.accepts(t, old)

				_, err := wrong.Sign(t.Context(), []byte("{}"))
				if autherr.CodeOf(err) != autherr.TemporarilyUnavailable || !strings.Contains(err.Error(), c.want) ||
					!strings.Contains(err.Error(), "cotterpin keys rotate --revoke") {
					t.Errorf("got %v, want %s and what to do", err, c.want)
				}
				wrong.rejects(t, old, autherr.TemporarilyUnavailable)
				time.Sleep(40 * day)
				wrong.rejects(t, old, autherr.TemporarilyUnavailable)
				if err := wrong.Rotate(t.Context(), false); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("rotating: %v", err)
				}
				if keys := store.keys(t, session.KeySigns); len(keys) != 1 {
					t.Fatalf("a node with a wrong secret stored %+v", keys)
				}

				old = right.issue(t)
				wrong.rotate(t, true)
				time.Sleep(ownjwt.KeyMaxAge)
				wrong.accepts(t, wrong.issue(t))
				if n := len(refreshKeys(t, wrong)); n != 1 {
					t.Errorf("%d refresh keys, want the new one", n)
				}
				last := newest(t, store)
				time.Sleep(30 * day)
				wrong.issue(t)
				synctest.Wait()
				if next := newest(t, store); next.Serial != last.Serial+1 {
					t.Errorf("key %d is the newest: those that were revoked prevent the next rotation", next.Serial)
				}
				_, _ = right.Key(t.Context(), token.KeyQuery{ID: "invented", Algorithm: "ES256", IssuedAt: time.Now()})
				if c.secret.IsZero() {
					right.rejects(t, old, autherr.InvalidToken) // it reads unencrypted keys
				} else {
					right.rejects(t, old, autherr.TemporarilyUnavailable)
				}
				synctest.Wait()
				for _, n := range []*node{right, wrong} {
					for _, s := range []config.Secret{secretA, secretB} {
						if strings.Contains(n.log.String(), s.Reveal()) {
							t.Errorf("the log has the secret:\n%s", &n.log)
						}
					}
				}
			})
		})
	}
}

// newest returns the newest stored key that signs.
func newest(t *testing.T, store *keyStore) session.Key {
	t.Helper()
	keys := store.keys(t, session.KeySigns)
	return keys[len(keys)-1]
}

// A node with another secret adds a key that this node cannot use.
func TestKeyring_ForeignKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		n := newNode(t, store, secretA)
		kid := header(t, n.issue(t)).Kid
		foreign := newKeyStore()
		newNode(t, foreign, secretB).issue(t)
		for _, purpose := range []session.KeyPurpose{session.KeySigns, session.KeyRefreshes} {
			k := foreign.keys(t, purpose)[0]
			k.Serial = 2
			if err := store.Add(t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(60 * day)
		raw := n.issue(t)
		if header(t, raw).Kid != kid {
			t.Error("another key is used")
		}
		n.accepts(t, raw)
		if keys := store.keys(t, session.KeySigns); len(keys) != 2 {
			t.Errorf("stored %+v, want both keys", keys)
		}
	})
}

// A key_secret that is added encrypts from the next key on, which does not wait
// for its turn.
func TestKeyring_SecretAdded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		plain := newNode(t, store, config.Secret{})
		old := plain.issue(t)
		sealing := newNode(t, store, secretA)
		sealing.accepts(t, old)
		time.Sleep(time.Hour)
		raw := sealing.issue(t)
		if header(t, raw).Kid == header(t, old).Kid {
			t.Error("the unencrypted key is not replaced")
		}
		sealing.accepts(t, old)
		time.Sleep(10 * day)
		sealing.issue(t)
		synctest.Wait()
		if keys := store.keys(t, session.KeySigns); len(keys) != 1 || keys[0].Serial != 2 {
			t.Errorf("stored %+v, want the encrypted key alone", keys)
		}
	})
}

// At-rest form: neither half of a stored key is in the clear, and each belongs to
// its row.
func TestKeyring_StoredSecrets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		plain, sealed := newKeyStore(), newKeyStore()
		newNode(t, plain, config.Secret{}).issue(t)
		n := newNode(t, sealed, secretA)
		n.issue(t)
		secret := refreshKeys(t, n)[0]
		if k := sealed.keys(t, session.KeyRefreshes)[0]; bytes.Contains(k.Secret, secret) {
			t.Error("the refresh key is stored unencrypted")
		}
		if p, s := len(plain.keys(t, session.KeySigns)[0].Secret), len(sealed.keys(t, session.KeySigns)[0].Secret); p != 33 || s != 33+12+16 {
			t.Errorf("a private key has %d bytes, and %d encrypted", p, s)
		}

		moved := newKeyStore()
		for i, purpose := range []session.KeyPurpose{session.KeySigns, session.KeyRefreshes} {
			k := sealed.keys(t, purpose)[0]
			k.ID = fmt.Sprint("moved-", i)
			if err := moved.Add(t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := newNode(t, moved, secretA).Sign(t.Context(), []byte("{}")); err == nil || !strings.Contains(err.Error(), "cannot decrypt") {
			t.Errorf("a secret in another row: %v", err)
		}
	})
}

func TestKeyring_MalformedKeys(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string][]byte{
		"Nothing":    nil,
		"Form":       {2, 1, 2, 3},
		"NoCipher":   {1},
		"Short":      bytes.Repeat([]byte{1}, 20),
		"ZeroScalar": make([]byte, 33),
		"NoScalar":   {0},
		"LongScalar": make([]byte, 34),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := newKeyStore()
				n := newNode(t, store, secretA)
				valid := n.issue(t)
				k := newest(t, store)
				k.ID, k.Serial, k.Secret = "malformed", 2, secret
				if err := store.Add(t.Context(), k); err != nil {
					t.Fatal(err)
				}
				time.Sleep(ownjwt.KeyMaxAge)
				raw := n.issue(t)
				n.accepts(t, raw)
				n.accepts(t, valid)
				synctest.Wait()
				if !strings.Contains(n.log.String(), "server_keys_defective") || !strings.Contains(n.log.String(), "malformed") {
					t.Errorf("the log does not name the key:\n%s", &n.log)
				}
			})
		})
	}
}

// The published key is that of the private key, whatever is stored with it.
func TestKeyring_PublicHalf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, forged := newKeyStore(), newKeyStore()
		raw := newNode(t, store, secretA).issue(t)
		other := newKeyStore()
		newNode(t, other, secretA).issue(t)
		k := store.keys(t, session.KeySigns)[0]
		k.Public = other.keys(t, session.KeySigns)[0].Public
		for _, k := range []session.Key{k, store.keys(t, session.KeyRefreshes)[0]} {
			if err := forged.Add(t.Context(), k); err != nil {
				t.Fatal(err)
			}
		}
		n := newNode(t, forged, secretA)
		n.accepts(t, raw)
		document, err := n.JWKS(t.Context())
		if err != nil || !bytes.Contains(document, store.keys(t, session.KeySigns)[0].Public) {
			t.Errorf("the document is %s, %v", document, err)
		}
	})
}

func TestKeyring_ConcurrentRotate(t *testing.T) {
	t.Parallel()
	for _, revoke := range []bool{false, true} {
		t.Run(fmt.Sprint("Revoke=", revoke), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := newKeyStore()
				n := newNode(t, store, secretA)
				n.issue(t)
				const size = 10
				store.meet = newMeeting(size)
				var rotating sync.WaitGroup
				for range size {
					rotating.Go(func() {
						if err := newNode(t, store, secretA).Rotate(t.Context(), revoke); err != nil {
							t.Error(err)
						}
					})
				}
				rotating.Wait()
				for _, purpose := range []session.KeyPurpose{session.KeySigns, session.KeyRefreshes} {
					if keys := store.keys(t, purpose); len(keys) != 2 || !keys[1].RevokedAt.IsZero() {
						t.Errorf("%s: stored %+v, want one new key", purpose, keys)
					}
				}
				time.Sleep(2 * time.Hour)
				n.accepts(t, n.issue(t))
			})
		})
	}
}

// The clock of one node is two hours behind.
func TestKeyring_ClockBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newKeyStore()
		ahead := newNode(t, store, secretA)
		ahead.issue(t)
		late := func() time.Time { return time.Now().Add(-2 * time.Hour) }
		behind := ownjwt.NewKeyring(store, ownjwt.KeyringOptions{Secret: secretA, Now: late})
		raw, err := behind.Sign(t.Context(), []byte("{}"))
		if err != nil || header(t, raw).Kid != store.keys(t, session.KeySigns)[0].ID {
			t.Errorf("signing before the first key is active: %v", err)
		}
	})
}

func TestNewKeyring_InvalidSecret(t *testing.T) {
	t.Parallel()
	defer func() {
		if p := recover(); p == nil || strings.Contains(fmt.Sprint(p), "hunter2") {
			t.Errorf("panic %v", p)
		}
	}()
	ownjwt.NewKeyring(newKeyStore(), ownjwt.KeyringOptions{Secret: config.NewSecret("hunter2")})
}
