package integration_test

import (
	"compress/gzip"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// keyAttacks are the attacks with the keys that a program fetches.
var keyAttacks = map[string]attack{
	"K01": {run: floodOfUnknownKeys},
	"K02": {run: floodOfBadSignatures},
	"K04": {run: keySetEntries},
	"K05": {run: invalidKeys},
	"K07": {run: keysForOtherUses},
	"K08": {run: keysOfAnotherCurve},
	"K09": {run: weakRSAKeys},
	"K11": {run: redirectedKeys},
	"K12": {run: keysOverHTTP},
	"K14": {run: documentSizes},
	"K15": {run: rotationAfterUnknownKey},
	"K16": {run: discoveryOfAnotherIssuer},
}

// unknownKey is a token whose kid is not published. It is older than the keys of
// each program that may fetch them: about a newer one a program cannot decide.
func unknownKey(n int) providertest.Edit {
	return func(t *providertest.Token) {
		t.Header["kid"] = fmt.Sprintf("SPACE_JWT_PUBLIC:unknown-%d", n)
		issuedAt(-fetchPeriod)(t)
	}
}

// fetchPeriod is the time after which one more fetch of keys is allowed.
const fetchPeriod = 10 * time.Second

// many returns how often a flood is repeated.
func many() int {
	if raceDetector {
		return 200
	}
	return 1000
}

func floodOfUnknownKeys(t *testing.T, s *scene) {
	began := time.Now()
	issuer := providertest.NewIssuer(t)
	p := s.dedicated(t, issuer, tokenBearer)
	p.signIn(t, issuer, ada)
	valid := bearer(issuer.AccessToken(ada))
	atOnce(20, func(i int) {
		for n := range many() / 20 {
			bad := bearer(issuer.AccessToken(ada, unknownKey(i*many()+n)))
			if a, err := p.try("GET", "/api/me", bad); err != nil || a.Status != http.StatusUnauthorized {
				t.Errorf("%d %s, %v", a.Status, a.Body, err)
			}
			if a, err := p.try("GET", "/api/me", valid); err != nil || a.Status != http.StatusOK {
				t.Errorf("another user: %d %s, %v", a.Status, a.Body, err)
			}
		}
	})
	if got, most := issuer.Requests(providertest.CotterKeysPath), allowedFetches(began); got > most {
		t.Errorf("the issuer received %d requests, want at most %d", got, most)
	}
}

func floodOfBadSignatures(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p := s.dedicated(t, issuer, tokenBearer)
	p.signIn(t, issuer, ada)
	forger := providertest.NewKey(issuer.Key().ID)
	before := issuer.Requests(providertest.CotterKeysPath)
	atOnce(20, func(int) {
		for range many() / 20 {
			bad := bearer(issuer.AccessToken(ada, providertest.ForgedBy(forger)))
			if a, err := p.try("GET", "/api/me", bad); err != nil || a.Status != http.StatusUnauthorized {
				t.Errorf("%d %s, %v", a.Status, a.Body, err)
			}
		}
	})
	p.me(t, bearer(issuer.AccessToken(ada)))
	if got := issuer.Requests(providertest.CotterKeysPath); got != before {
		t.Errorf("the issuer received %d more requests", got-before)
	}
}

func keySetEntries(t *testing.T, s *scene) {
	odd := []any{
		nil, "a text", 7,
		[]any{},
		map[string]any{},
		map[string]any{"kty": "AKP", "kid": "a", "pub": "AAAA"},
		map[string]any{"kty": "EC", "crv": "P-1", "kid": "b"},
		map[string]any{"kty": "nothing", "kid": "c"},
		map[string]any{"kty": "OKP", "crv": "X25519", "x": "AAAA", "kid": "d"},
		map[string]any{"kty": 7},
	}
	k := s.withKeys(t, ownSession, published(odd...))
	k.accepts(t)
	k.refuses(t, providertest.SignedBy(providertest.NewKey("a")))
}

// changed returns an entry of a key set with changed members.
func changed(jwk map[string]any, members map[string]any) map[string]any {
	jwk = maps.Clone(jwk)
	maps.Copy(jwk, members)
	return jwk
}

func invalidKeys(t *testing.T, s *scene) {
	secret := []byte("a secret of 32 bytes for the test")
	short, off, private := providertest.NewKey("short"), providertest.NewKey("off"), providertest.NewKey("private")
	x := decoded(short.JWK()["x"].(string))
	k := s.withKeys(t, ownSession, published(
		changed(short.JWK(), map[string]any{"x": encoded(x[:31])}),
		changed(off.JWK(), map[string]any{"y": off.JWK()["x"]}),
		changed(private.JWK(), map[string]any{"d": encoded(make([]byte, 32))}),
		map[string]any{"kty": "oct", "kid": "oct", "alg": "HS256", "use": "sig", "k": encoded(secret)},
		map[string]any{"kty": "oct", "kid": "oct-256", "alg": "ES256", "k": encoded(secret)},
	))
	k.accepts(t)
	for _, key := range []*providertest.Key{short, off, private} {
		k.refuses(t, providertest.SignedBy(key))
	}
	for _, kid := range []string{"oct", "oct-256"} {
		k.refuses(t, providertest.MAC(secret), providertest.Header("kid", kid))
		k.refuses(t, providertest.MAC(secret), providertest.Header("kid", kid), providertest.Header("alg", "ES256"))
	}
}

func keysForOtherUses(t *testing.T, s *scene) {
	enc, operations, none := providertest.NewKey("enc"), providertest.NewKey("operations"), providertest.NewKey("none")
	k := s.withKeys(t, ownSession, published(
		changed(enc.JWK(), map[string]any{"use": "enc"}),
		changed(operations.JWK(), map[string]any{"use": nil, "key_ops": []string{"encrypt", "deriveKey"}}),
		changed(none.JWK(), map[string]any{"key_ops": []string{}}),
	))
	k.accepts(t)
	for _, key := range []*providertest.Key{enc, operations, none} {
		k.refuses(t, providertest.SignedBy(key))
	}
}

func keysOfAnotherCurve(t *testing.T, s *scene) {
	var keys []*providertest.Key
	var entries []any
	for _, alg := range []string{"ES384", "ES512", "ES521", "RS256", "HS256", "none"} {
		key := providertest.NewKey("for-" + alg)
		keys, entries = append(keys, key), append(entries, changed(key.JWK(), map[string]any{"alg": alg}))
	}
	curve := providertest.NewKey("curve")
	k := s.withKeys(t, ownSession, published(append(entries, changed(curve.JWK(), map[string]any{"crv": "P-384"}))...))
	k.accepts(t)
	for _, key := range append(keys, curve) {
		k.refuses(t, providertest.SignedBy(key))
	}
}

// rs256 is an RSA key for RS256.
type rs256 struct {
	id   string
	n, e *big.Int
	sign func(digest []byte) []byte
}

func (k rs256) jwk() map[string]any {
	return map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id, "n": encoded(k.n.Bytes()), "e": encoded(k.e.Bytes())}
}

func (k rs256) edit() providertest.Edit {
	return func(t *providertest.Token) {
		t.Header["kid"], t.Header["alg"] = k.id, "RS256"
		t.Signature = func(input []byte) []byte {
			digest := sha256.Sum256(input)
			return k.sign(digest[:])
		}
	}
}

func newRS256(t *testing.T, id string, bits int) rs256 {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return rs256{id, private.N, big.NewInt(int64(private.E)), func(digest []byte) []byte {
		signature, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest)
		if err != nil {
			panic(err)
		}
		return signature
	}}
}

// padded returns what an RS256 signature is to the power of e (RFC 8017,
// section 9.2). With an e of 1 it is the signature.
func padded(digest []byte, size int) []byte {
	const isSHA256 = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
	info := slices.Concat([]byte(isSHA256), digest)
	filler := make([]byte, size-3-len(info))
	for i := range filler {
		filler[i] = 0xff
	}
	return slices.Concat([]byte{0, 1}, filler, []byte{0}, info)
}

func weakRSAKeys(t *testing.T, s *scene) {
	valid, weak := newRS256(t, "valid", 2048), newRS256(t, "weak", 1024)
	one := rs256{"one", valid.n, big.NewInt(1), func(digest []byte) []byte { return padded(digest, 256) }}
	even := rs256{"even", valid.n, big.NewInt(65536), valid.sign}
	modulus := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 16384), big.NewInt(159))
	huge := rs256{"huge", modulus, big.NewInt(65537), func([]byte) []byte { return make([]byte, 2048) }}
	issuer := providertest.NewIssuer(t)
	keys := newKeyServer(t, publish(weak.jwk(), one.jwk(), even.jwk(), huge.jwk(), valid.jwk()))
	p := s.dedicated(t, issuer, ownSession, corp(issuer, fmt.Sprintf("jwks_url = %q", keys.URL)))
	p.signedIn(t, p.login(t, postedID(issuer.OIDCToken(ada, valid.edit()))))
	for _, key := range []rs256{weak, one, even, huge} {
		p.rejectsLogin(t, ada, postedID(issuer.OIDCToken(ada, key.edit(), issuedAt(-fetchPeriod))))
	}
}

func redirectedKeys(t *testing.T, s *scene) {
	theirs := newCollector(t)
	away := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, theirs.URL, http.StatusFound) }
	for name, k := range map[string]keyScene{
		"cold": s.withKeys(t, ownSession, func(*providertest.Issuer) http.HandlerFunc { return away }),
		"warm": s.withKeys(t, ownSession, published()),
	} {
		if name == "cold" {
			k.cannotCheck(t)
			continue
		}
		k.accepts(t)
		k.keys.respond(away)
		k.cannotCheck(t, unknownKey(1)) // the keys are unknown
		k.accepts(t)
	}
	if got := theirs.connections.Load(); got != 0 {
		t.Errorf("a redirect was followed %d times", got)
	}
}

func keysOverHTTP(t *testing.T, s *scene) {
	issuer := s.issuer()
	valid := configuration(issuer, ownSession)
	start(t, s.framework, valid)
	for _, address := range []string{"http://keys.example.com/api/v0", "http://198.51.100.7/api/v0", "http://127.0.0.1.example.com/api/v0", "ftp://127.0.0.1/api/v0"} {
		file := filepath.Join(t.TempDir(), "auth.hcl")
		writeFile(t, file, strings.ReplaceAll(valid, issuer.CotterURL(), address))
		code, stderr := runBriefly(t, s.framework, "-addr", "127.0.0.1:0", "-config", file)
		if code != 1 || !strings.Contains(stderr, "base_url") || !strings.Contains(stderr, "https") {
			t.Errorf("%s: exit code %d\n%s", address, code, stderr)
		}
	}
}

// inflating returns a body of spaces that is 64 MiB once inflated.
func inflating(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	body := gzip.NewWriter(w)
	for range 64 {
		if _, err := body.Write([]byte(strings.Repeat(" ", 1<<20))); err != nil {
			return
		}
	}
	_ = body.Close()
}

// endless returns a body without an end.
func endless(w http.ResponseWriter, _ *http.Request) {
	for {
		if _, err := w.Write([]byte(strings.Repeat(" ", 1<<20))); err != nil {
			return
		}
	}
}

func documentSizes(t *testing.T, s *scene) {
	first := s.withKeys(t, ownSession, func(i *providertest.Issuer) http.HandlerFunc {
		return text(`{"keys":[` + encode(i.Key().JWK()) + strings.Repeat(",{}", 100_000) + `]}`)
	})
	first.accepts(t)
	late := providertest.NewKey("late")
	hundred := slices.Repeat([]any{map[string]any{}}, 100)
	behind := s.withKeys(t, ownSession, func(i *providertest.Issuer) http.HandlerFunc {
		return publish(slices.Concat([]any{i.Key().JWK()}, hundred, []any{late.JWK()})...)
	})
	behind.accepts(t)
	behind.refuses(t, providertest.SignedBy(late))
	for _, bomb := range []http.HandlerFunc{inflating, endless} {
		k := s.withKeys(t, ownSession, published())
		k.accepts(t)
		before := k.peakMemory(t)
		k.keys.respond(bomb)
		k.cannotCheck(t, unknownKey(1))
		k.accepts(t)
		const most = 32 << 10
		if grown := k.peakMemory(t) - before; grown > most {
			t.Errorf("the memory of the program has grown by %d KiB, want %d at most", grown, most)
		}
	}
}

func rotationAfterUnknownKey(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p := s.dedicated(t, issuer, tokenBearer)
	p.signIn(t, issuer, ada)
	p.rejects(t, bearer(issuer.AccessToken(ada, unknownKey(1))))
	issuer.Rotate()
	issuer.DropOldKeys()
	p.me(t, bearer(issuer.AccessToken(ada)))
}

func discoveryOfAnotherIssuer(t *testing.T, s *scene) {
	for _, wrong := range []any{"https://another.example", nil, 7} {
		right, other := providertest.NewIssuer(t), providertest.NewIssuer(t)
		other.SetDiscovery("issuer", wrong)
		for _, issuer := range []*providertest.Issuer{right, other} {
			p := s.dedicated(t, issuer, ownSession, corp(issuer))
			a := p.login(t, postedID(issuer.OIDCToken(ada)))
			if issuer == right {
				a.is(t, http.StatusCreated, "")
			} else {
				cannotCheck(t, a)
			}
		}
	}
}
