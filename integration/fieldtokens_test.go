package integration_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// onEachScene runs the test on each selected framework, with SQLite.
func onEachScene(t *testing.T, test func(t *testing.T, s *scene)) {
	t.Helper()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		test(t, newScenes(t, framework).on(servable()[0]))
	})
}

// corpScene is a program for each session strategy with an OpenID Connect block.
type corpScene struct {
	issuer             *providertest.Issuer
	own, providerToken *program
}

func (s *scene) corp(t *testing.T, arguments ...string) corpScene {
	t.Helper()
	issuer := providertest.NewIssuer(t)
	block := corp(issuer, arguments...)
	return corpScene{issuer, s.dedicated(t, issuer, ownSession, block), s.dedicated(t, issuer, tokenBearer, block)}
}

// accepts requires that logins and requests with an ID token succeed.
func (c corpScene) accepts(t *testing.T, token string) {
	t.Helper()
	c.acceptsLogin(t, token)
	c.providerToken.me(t, bearer(token))
}

func (c corpScene) acceptsLogin(t *testing.T, token string) {
	t.Helper()
	for _, p := range []*program{c.own, c.providerToken} {
		if a := p.login(t, postedID(token)); a.Status != http.StatusCreated && a.Status != http.StatusOK {
			t.Errorf("login: %d %s, want 200 or 201", a.Status, a.Body)
		}
	}
}

// rejects requires that logins and requests with an ID token are refused.
func (c corpScene) rejects(t *testing.T, token string) {
	t.Helper()
	c.rejectsLogin(t, token)
	c.providerToken.rejects(t, bearer(token))
}

func (c corpScene) rejectsLogin(t *testing.T, token string) {
	t.Helper()
	for _, p := range []*program{c.own, c.providerToken} {
		p.login(t, postedID(token)).is(t, http.StatusUnauthorized, "invalid_token")
	}
}

// Times are accepted in any notation of a JSON number.
//
// Cases: T08. Frameworks: nethttp, gin, fiber.
func TestFieldTokens_Times(t *testing.T) {
	t.Parallel()
	onEachScene(t, func(t *testing.T, s *scene) {
		c := s.corp(t)
		now := c.issuer.Now().Unix()
		c.accepts(t, c.issuer.OIDCToken(ada))
		for claim, at := range map[string]int64{"exp": now + 3600, "iat": now - 1, "nbf": now - 1, "auth_time": now - 1} {
			for _, notation := range []string{
				fmt.Sprintf("%d.0", at), fmt.Sprintf("%d.811", at), fmt.Sprintf("%d.5", at), fmt.Sprintf("%de0", at), fmt.Sprintf("%d0E-1", at),
				strconv.FormatFloat(float64(at), 'e', -1, 64),
			} {
				c.accepts(t, c.issuer.OIDCToken(ada, providertest.Claim(claim, json.RawMessage(notation))))
			}
			if claim == "auth_time" {
				continue // optional, and ignored unless it is a time
			}
			for _, wrong := range []string{
				fmt.Sprintf("%q", fmt.Sprint(at)), fmt.Sprintf("%q", fmt.Sprintf("%d.0", at)), "null", "true", "[]", "-1", "-1.5", "0", "0.5",
				"253402300800", "253402300800.5", "2.534023008e11", "1e300", "1e999999999", "1e-999999999",
			} {
				c.rejects(t, c.issuer.OIDCToken(ada, providertest.Claim(claim, json.RawMessage(wrong))))
			}
		}
	})
}

// sized returns the largest ID token of at most that many bytes, of a user in
// 200 groups.
func sized(i *providertest.Issuer, size int) string {
	var groups []string
	for n := range 200 {
		groups = append(groups, fmt.Sprintf("group-%03d", n))
	}
	fill := func(n int) string {
		return i.OIDCToken(ada, providertest.Claim("groups", slices.Concat(groups, []string{strings.Repeat("x", n)})))
	}
	n := (size - len(fill(0))) * 3 / 4
	for len(fill(n)) > size {
		n--
	}
	return fill(n)
}

// A token has at most 16 KiB at a request, and 32 KiB at a login.
//
// Cases: T10. Frameworks: nethttp, gin, fiber.
func TestFieldTokens_Sizes(t *testing.T) {
	t.Parallel()
	onEachScene(t, func(t *testing.T, s *scene) {
		c := s.corp(t)
		for _, size := range []int{10_954, 11_126, 16 << 10} {
			c.accepts(t, sized(c.issuer, size))
		}
		for _, size := range []int{16<<10 + 3, 24 << 10, 32 << 10} {
			token := sized(c.issuer, size)
			if len(token) <= 16<<10 {
				t.Fatalf("the token has %d bytes", len(token))
			}
			c.acceptsLogin(t, token)
			if size < 30<<10 { // fits into a header
				c.providerToken.rejects(t, bearer(token))
			}
		}
		c.rejectsLogin(t, sized(c.issuer, 32<<10+3))
		both := map[string]any{"oauth_token": map[string]any{"id_token": sized(c.issuer, 32<<10), "access_token": strings.Repeat("large-token-", 32<<10)[:32<<10]}}
		c.own.login(t, both).is(t, http.StatusRequestEntityTooLarge, "payload_too_large")
	})
}

// signedWith sets alg and kid, and signs.
func signedWith(alg, kid string, sign func(input []byte) []byte) providertest.Edit {
	return func(t *providertest.Token) {
		t.Header["alg"], t.Header["kid"], t.Signature = alg, kid, sign
	}
}

// The salt of RSASSA-PSS is as long as the hash.
//
// Cases: T11. Frameworks: nethttp, gin, fiber.
func TestFieldTokens_PSSSalt(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	withSalt := func(alg string, hash crypto.Hash, length int) providertest.Edit {
		return signedWith(alg, "pss", func(input []byte) []byte {
			digest := hash.New()
			digest.Write(input)
			signature, err := rsa.SignPSS(rand.Reader, private, hash, digest.Sum(nil), &rsa.PSSOptions{SaltLength: length})
			if err != nil {
				panic(err)
			}
			return signature
		})
	}
	keys := newKeyServer(t, publish(map[string]any{"kty": "RSA", "kid": "pss", "n": encoded(private.N.Bytes()), "e": "AQAB"}))
	onEachScene(t, func(t *testing.T, s *scene) {
		c := s.corp(t, fmt.Sprintf("jwks_url = %q", keys.URL), `algorithms = ["PS256", "PS384", "PS512"]`)
		for alg, hash := range map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512} {
			c.accepts(t, c.issuer.OIDCToken(ada, withSalt(alg, hash, hash.Size())))
			for _, length := range []int{1, 20, hash.Size() - 1, hash.Size() + 1, rsa.PSSSaltLengthAuto} {
				c.rejects(t, c.issuer.OIDCToken(ada, withSalt(alg, hash, length)))
			}
		}
	})
}

// EdDSA and Ed25519 are names of one algorithm.
//
// Cases: T12. Frameworks: nethttp, gin, fiber.
func TestFieldTokens_NamesOfEd25519(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(alg, kid string) providertest.Edit {
		return signedWith(alg, kid, func(input []byte) []byte { return ed25519.Sign(private, input) })
	}
	entry := func(kid string, alg any) map[string]any {
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": alg, "x": encoded(string(public))}
	}
	keys := newKeyServer(t, publish(entry("old", "EdDSA"), entry("new", "Ed25519"), entry("none", nil)))
	onEachScene(t, func(t *testing.T, s *scene) {
		for _, algorithms := range []string{`["EdDSA"]`, `["RS256", "Ed25519"]`} {
			c := s.corp(t, fmt.Sprintf("jwks_url = %q", keys.URL), "algorithms = "+algorithms)
			for _, kid := range []string{"old", "new", "none"} {
				for _, alg := range []string{"EdDSA", "Ed25519"} {
					c.accepts(t, c.issuer.OIDCToken(ada, signed(alg, kid)))
				}
				c.rejects(t, c.issuer.OIDCToken(ada, signed("Ed448", kid)))
				c.rejects(t, c.issuer.OIDCToken(ada, signed("ed25519", kid)))
			}
		}
	})
}

// A member of a published key that is null is absent.
//
// Cases: K05. Frameworks: nethttp, gin, fiber.
func TestFieldTokens_NullInKeys(t *testing.T) {
	t.Parallel()
	onEachScene(t, func(t *testing.T, s *scene) {
		withNull := func(names ...string) keyScene {
			return s.withKeys(t, ownSession, func(i *providertest.Issuer) http.HandlerFunc {
				members := map[string]any{}
				for _, name := range names {
					members[name] = nil
				}
				return publish(changed(i.Key().JWK(), members))
			})
		}
		withNull().accepts(t)
		withNull("use", "alg", "key_ops", "x5c", "x5t", "x5u", "d", "n", "e", "k").accepts(t)
		withNull("kty").cannotCheck(t)
		withNull("x").cannotCheck(t)
	})
}
