package integration_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// issuedAt sets the time of issue, before or after now.
func issuedAt(offset time.Duration) providertest.Edit {
	return func(t *providertest.Token) { t.Claims["iat"] = time.Now().Add(offset).Unix() }
}

// usesUpFetches sends tokens with invented kids until no fetch is allowed. They
// are older than the keys, so that all are rejected.
func (p *program) usesUpFetches(t *testing.T, issuer *providertest.Issuer) {
	t.Helper()
	for n := range 6 {
		p.rejects(t, bearer(issuer.AccessToken(ada, unknownKey(n))))
	}
}

// A key that could not be looked up is no reason to reject a token that is newer
// than the keys.
//
// Cases: K02. Frameworks: nethttp, gin, fiber.
func TestFieldKeys_UnknownKeyID(t *testing.T) {
	t.Parallel()
	onEachScene(t, func(t *testing.T, s *scene) {
		issuer := providertest.NewIssuer(t)
		p := s.dedicated(t, issuer, tokenBearer)
		p.signIn(t, issuer, ada)
		p.usesUpFetches(t, issuer)
		issuer.Rotate()
		issuer.DropOldKeys()
		fresh := issuer.AccessToken(ada, issuedAt(5*time.Second))
		cannotCheck(t, p.send(t, "GET", "/api/me", bearer(fresh)))
		cannotCheck(t, p.login(t, posted(fresh)))
		p.rejects(t, bearer(issuer.AccessToken(ada, issuedAt(-fetchPeriod)))) // the keys at hand are newer
		awaitReply(t, func() reply { return p.send(t, "GET", "/api/me", bearer(fresh)) }, http.StatusOK, "")
	})
}

// A 503 for an unknown kid counts for login_failures.
//
// Cases: K02. Frameworks: nethttp, gin, fiber.
func TestFieldKeys_UnknownKeyIDCounts(t *testing.T) {
	t.Parallel()
	onEachScene(t, func(t *testing.T, s *scene) {
		issuer := providertest.NewIssuer(t)
		p := s.dedicated(t, issuer, tokenBearer, edit{`mode            = "development"`, "mode = \"development\"\n  login_failures = 5"})
		valid := func() reply { return p.login(t, posted(issuer.AccessToken(ada))) }
		valid().is(t, http.StatusCreated, "")
		p.usesUpFetches(t, issuer) // requests do not count
		unchecked := 0
		for n := range 5 {
			valid().is(t, http.StatusOK, "")
			switch a := p.login(t, posted(issuer.AccessToken(ada, unknownKey(10+n), issuedAt(5*time.Second)))); a.Status {
			case http.StatusServiceUnavailable:
				cannotCheck(t, a)
				unchecked++
			default: // ten seconds have passed, and a fetch was allowed
				a.is(t, http.StatusUnauthorized, "invalid_token")
			}
		}
		if unchecked == 0 {
			t.Error("no login with an unknown kid was 503")
		}
		valid().is(t, http.StatusTooManyRequests, "rate_limited")
	})
}

// An issuer may replace its key under the same kid.
//
// Cases: K03. Frameworks: nethttp.
func TestFieldKeys_ReplacedKey(t *testing.T) {
	t.Parallel()
	for _, session := range []string{ownSession, tokenBearer} {
		d := newDeployment(t, session)
		app := d.start(t)
		login := func() reply { return app.login(t, posted(d.issuer.AccessToken(ada))) }
		login().is(t, http.StatusCreated, "")
		replace := func() {
			d.issuer.Publish(providertest.NewKey(d.issuer.Key().ID))
			d.issuer.DropOldKeys()
		}
		fetches := func() int { return d.issuer.Requests(providertest.CotterKeysPath) }
		replace()
		for range 3 {
			login().is(t, http.StatusUnauthorized, "invalid_token")
		}
		if n := fetches(); n != 1 {
			t.Errorf("%d fetches under young keys, want 1", n)
		}
		d.clock.advance(5*time.Minute + time.Second)
		login().is(t, http.StatusOK, "")
		login().is(t, http.StatusOK, "")
		if n := fetches(); n != 2 {
			t.Errorf("%d fetches after a replacement, want 2", n)
		}

		d.issuer.SetJWKS(providertest.Failing)
		d.clock.advance(5*time.Minute + time.Second)
		login().is(t, http.StatusOK, "")
		replace()
		for range 3 {
			login().is(t, http.StatusUnauthorized, "invalid_token")
		}
		if n := fetches(); n != 3 {
			t.Errorf("%d fetches while the keys cannot be fetched, want 3", n)
		}
		d.issuer.SetJWKS(providertest.OK)
		d.clock.advance(5*time.Minute + time.Second)
		login().is(t, http.StatusOK, "")
	}
}

// How long keys count is an argument.
//
// Cases: K04. Frameworks: nethttp, gin, fiber.
func TestFieldKeys_Ages(t *testing.T) {
	t.Parallel()
	onEachScene(t, func(t *testing.T, s *scene) {
		issuer := providertest.NewIssuer(t)
		block := func(keys string) *program { return s.dedicated(t, issuer, tokenBearer, corp(issuer, keys)) }
		lasting, brief := block(""), block(`keys {
    max_age   = "1s"
    max_stale = "2s"
  }`)
		token := bearer(issuer.OIDCToken(ada))
		for _, p := range []*program{lasting, brief} {
			p.login(t, postedID(issuer.OIDCToken(ada))).is(t, http.StatusCreated, "")
			p.me(t, token)
		}
		issuer.Rotate()
		issuer.DropOldKeys()
		awaitReply(t, func() reply { return brief.send(t, "GET", "/api/me", token) }, http.StatusUnauthorized, "invalid_token")
		lasting.me(t, token)

		token = bearer(issuer.OIDCToken(ada))
		lasting.me(t, token)
		awaitReply(t, func() reply { return brief.send(t, "GET", "/api/me", token) }, http.StatusOK, "")
		issuer.SetJWKS(providertest.Failing)
		awaitReply(t, func() reply { return brief.send(t, "GET", "/api/me", token) }, http.StatusServiceUnavailable, "temporarily_unavailable")
		lasting.me(t, token)
	})
}

// The keys of a program are older than those of the issuer by max_age at most,
// whatever Cache-Control specifies.
//
// Cases: K04. Frameworks: nethttp, gin, fiber.
func TestFieldKeys_CacheControl(t *testing.T) {
	t.Parallel()
	onEachScene(t, func(t *testing.T, s *scene) {
		for _, control := range []string{"max-age=31536000, immutable", "no-store", "max-age=0, must-revalidate"} {
			k := s.withKeys(t, tokenBearer, func(i *providertest.Issuer) http.HandlerFunc {
				serve := publish(i.Key().JWK())
				return func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Cache-Control", control)
					serve(w, r)
				}
			})
			for range 5 {
				k.accepts(t)
			}
			if n := k.keys.requests.Load(); n != 1 {
				t.Errorf("%s: %d requests, want 1", control, n)
			}
		}
	})
}
