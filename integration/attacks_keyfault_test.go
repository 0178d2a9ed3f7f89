package integration_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// keyFaults are the faults of the server that publishes the keys.
var keyFaults = map[string]attack{
	"F-K01": {run: issuerDownAtStart},
	"F-K03": {run: unresponsiveIssuer},
	"F-K04": {run: slowIssuer},
	"F-K05": {run: unknownIssuerHost},
	"F-K07": {run: largeDocuments},
	"F-K08": {run: invalidDocuments},
	"F-K09": {run: documentsWithoutKeys},
	"F-K10": {run: rotationWithOverlap},
	"F-K11": {run: rotationWithoutOverlap},
	"F-K12": {run: untrustedCertificates},
	"F-K16": {run: crowdBeforeFirstFetch},
	"F-K19": {run: oneOfTwoIssuersDown},
	"F-K20": {run: issuerClockOff},
	"F-K21": {run: rotationDuringFlood},
}

// failing responds with 500.
func failing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }

// unresponsive sends nothing until the client disconnects.
func unresponsive(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// cold returns a keyScene that has fetched nothing yet.
func (s *scene) cold(t *testing.T, serve http.HandlerFunc) keyScene {
	t.Helper()
	return s.withKeys(t, ownSession, func(*providertest.Issuer) http.HandlerFunc { return serve })
}

// survives checks the effect of a fault of the issuer: without keys no login
// succeeds; with keys the fault has no effect, except that an unknown key stays
// unknown.
func (s *scene) survives(t *testing.T, fault http.HandlerFunc) {
	t.Helper()
	cold := s.cold(t, fault)
	cold.cannotCheck(t)
	cold.recovers(t)

	warm := s.withKeys(t, ownSession, published())
	me := warm.signIn(t, warm.issuer, ada)
	warm.keys.respond(fault)
	warm.cannotCheck(t, unknownKey(1))
	warm.accepts(t)
	warm.me(t, me.credential)
}

// recovers publishes the keys, and waits until a login succeeds.
func (k keyScene) recovers(t *testing.T) {
	t.Helper()
	k.keys.respond(published()(k.issuer))
	payload := posted(k.issuer.AccessToken(ada))
	awaitReply(t, func() reply { return k.login(t, payload) }, http.StatusCreated, "")
}

func issuerDownAtStart(t *testing.T, s *scene) {
	issuer, database := providertest.NewIssuer(t), s.backend.create(t)
	me := startOn(t, database, s.framework, issuer, ownSession).signIn(t, issuer, ada)
	for _, session := range []string{ownSession, tokenBearer} {
		issuer.SetJWKS(providertest.Failing)
		p := startOn(t, database, s.framework, issuer, session)
		cannotCheck(t, p.login(t, posted(issuer.AccessToken(ada))))
		if session == ownSession {
			p.ready(t, http.StatusOK, `"degraded"`)
			p.me(t, me.credential)
		} else {
			p.ready(t, http.StatusServiceUnavailable, `"temporarily_unavailable"`)
			cannotCheck(t, p.send(t, "GET", "/api/me", bearer(issuer.AccessToken(ada))))
		}
		issuer.SetJWKS(providertest.OK)
		awaitReply(t, func() reply { return p.login(t, posted(issuer.AccessToken(ada))) }, http.StatusOK, "")
		p.ready(t, http.StatusOK, `"ok"`)
	}
}

func unresponsiveIssuer(t *testing.T, s *scene) {
	k := s.cold(t, unresponsive)
	began := time.Now()
	k.cannotCheck(t) // without waiting for the fetch
	t.Logf("a login without keys failed after %v", time.Since(began).Round(time.Millisecond))
	k.recovers(t)
}

func slowIssuer(t *testing.T, s *scene) {
	cut := make(chan struct{}, 100)
	s.survives(t, func(w http.ResponseWriter, r *http.Request) {
		for ticks := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-r.Context().Done():
				cut <- struct{}{}
				return
			case <-ticks.C:
				_, _ = w.Write([]byte(" "))
				_ = http.NewResponseController(w).Flush()
			}
		}
	})
	select {
	case <-cut:
	case <-time.After(patience):
		t.Error("a slow fetch is not canceled")
	}
}

func unknownIssuerHost(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p := s.dedicated(t, issuer, ownSession, edit{issuer.CotterURL(), "https://nobody.invalid/api/v0"}, corp(issuer))
	cannotCheck(t, p.login(t, posted(issuer.AccessToken(ada))))
	p.signedIn(t, p.login(t, postedID(issuer.OIDCToken(ada))))
	p.ready(t, http.StatusOK, `"degraded"`)
}

func largeDocuments(t *testing.T, s *scene) {
	for _, flood := range []http.HandlerFunc{inflating, endless} {
		s.survives(t, flood)
	}
}

func invalidDocuments(t *testing.T, s *scene) {
	cutOff := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"keys":[`))
	}
	for _, nonsense := range []http.HandlerFunc{
		text("<!doctype html><title>Maintenance</title>"), text(""), text("null"), text("[]"), text(`{"keys":{}}`), text(`{"keys":"x"}`), text("\x00\xff"), cutOff, failing,
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	} {
		warm := s.withKeys(t, ownSession, published())
		warm.accepts(t)
		warm.keys.respond(nonsense)
		warm.cannotCheck(t, unknownKey(1))
		warm.accepts(t)
	}
	s.survives(t, cutOff)
}

func documentsWithoutKeys(t *testing.T, s *scene) {
	s.survives(t, publish())
	s.survives(t, publish(map[string]any{"kty": "oct", "kid": "x", "k": "AAAA"}))
}

func rotationWithOverlap(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p := s.dedicated(t, issuer, tokenBearer)
	p.signIn(t, issuer, ada)
	for range 2 { // the burst that is allowed
		old := bearer(issuer.AccessToken(ada))
		issuer.Rotate()
		p.me(t, bearer(issuer.AccessToken(ada)))
		p.me(t, old)
	}
}

func rotationWithoutOverlap(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p := s.dedicated(t, issuer, tokenBearer)
	p.signIn(t, issuer, ada)
	old := bearer(issuer.AccessToken(ada))
	p.me(t, old)
	issuer.Rotate()
	issuer.DropOldKeys()
	before := issuer.Requests(providertest.CotterKeysPath)
	p.me(t, old) // before the next fetch
	atOnce(20, func(int) { p.me(t, bearer(issuer.AccessToken(ada))) })
	if got := issuer.Requests(providertest.CotterKeysPath) - before; got != 1 {
		t.Errorf("a rotation is %d requests", got)
	}
	p.rejects(t, old)
}

// authority signs certificates.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	a := authority{key: newECKey(t), certificate: &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	der, err := x509.CreateCertificate(rand.Reader, a.certificate, a.certificate, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// file returns a file with the certificate of the authority.
func (a authority) file(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// issue returns a certificate for an address that expires at the given time.
func (a authority) issue(t *testing.T, address string, until time.Time) tls.Certificate {
	t.Helper()
	key := newECKey(t)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.ParseIP(address)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func untrustedCertificates(t *testing.T, s *scene) {
	ours, theirs := newAuthority(t), newAuthority(t)
	const here = "127.0.0.1"
	later := time.Now().Add(time.Hour)
	trusting := edit{"trust      =", fmt.Sprintf("http { ca_file = %q }\n  trust =", ours.file(t))}
	for name, certificate := range map[string]tls.Certificate{
		"valid":             ours.issue(t, here, later),
		"expired":           ours.issue(t, here, time.Now().Add(-time.Hour)),
		"another host":      ours.issue(t, "127.0.0.2", later),
		"another authority": theirs.issue(t, here, later),
	} {
		issuer := providertest.NewIssuer(t)
		keys := unstartedKeyServer(t, published()(issuer))
		keys.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
		keys.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes
		keys.StartTLS()
		k := s.withKeysOf(t, issuer, keys, ownSession, trusting)
		if name == "valid" {
			k.accepts(t)
			s.withKeysOf(t, issuer, keys, ownSession).cannotCheck(t) // the system does not trust it
			continue
		}
		k.cannotCheck(t)
		if got := keys.requests.Load(); got != 0 {
			t.Errorf("%s: %d requests were made", name, got)
		}
	}
}

func crowdBeforeFirstFetch(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p := start(t, s.framework, configuration(issuer, tokenWithoutUser))
	crowd := many() / 4
	valid := bearer(issuer.AccessToken(ada))
	atOnce(crowd, func(int) {
		if a, err := p.try("GET", "/api/me", valid); err != nil || a.Status != http.StatusOK {
			t.Errorf("%d %s, %v", a.Status, a.Body, err)
		}
	})
	if got := issuer.Requests(providertest.CotterKeysPath); got != 1 {
		t.Errorf("%d callers are %d requests for keys", crowd, got)
	}
}

func oneOfTwoIssuersDown(t *testing.T, s *scene) {
	up, down := providertest.NewIssuer(t), providertest.NewIssuer(t)
	down.SetJWKS(providertest.Failing)
	for _, session := range []string{ownSession, tokenBearer} {
		p := s.dedicated(t, up, session, corp(down))
		p.signIn(t, up, ada)
		cannotCheck(t, p.login(t, postedID(down.OIDCToken(ada))))
		p.signIn(t, up, ada)
		if session == tokenBearer {
			p.me(t, bearer(up.AccessToken(ada)))
			cannotCheck(t, p.send(t, "GET", "/api/me", bearer(down.OIDCToken(ada))))
		}
		p.ready(t, http.StatusOK, `"degraded"`)
	}
}

func issuerClockOff(t *testing.T, s *scene) {
	var off atomic.Int64
	issuer := providertest.NewIssuer(t)
	issuer.Now = func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
	patient := edit{"trust      =", "clock_skew = \"120s\"\n  trust ="}
	strict, lenient := s.dedicated(t, issuer, ownSession), s.dedicated(t, issuer, ownSession, patient)
	// A login with a token that is valid for a minute of the issuer's time.
	brief := func() map[string]any {
		return posted(issuer.AccessToken(ada, providertest.Claim("exp", issuer.Now().Add(time.Minute).Unix())))
	}
	strict.signedIn(t, strict.login(t, brief()))
	lenient.signedIn(t, lenient.login(t, brief()))

	off.Store(int64(100 * time.Second))
	strict.login(t, brief()).is(t, http.StatusUnauthorized, "invalid_token")
	lenient.login(t, brief()).is(t, http.StatusOK, "")
	off.Store(int64(10 * time.Minute))
	strict.login(t, brief()).is(t, http.StatusUnauthorized, "invalid_token")
	lenient.login(t, brief()).is(t, http.StatusUnauthorized, "invalid_token")

	off.Store(int64(-120 * time.Second))
	strict.login(t, brief()).is(t, http.StatusUnauthorized, "token_expired")
	lenient.login(t, brief()).is(t, http.StatusOK, "")
	off.Store(int64(-10 * time.Minute))
	strict.login(t, brief()).is(t, http.StatusUnauthorized, "token_expired")
	lenient.login(t, brief()).is(t, http.StatusUnauthorized, "token_expired")
}

func rotationDuringFlood(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p := s.dedicated(t, issuer, tokenBearer)
	p.signIn(t, issuer, ada)
	for n := range 50 {
		p.rejects(t, bearer(issuer.AccessToken(ada, unknownKey(n))))
	}
	issuer.Rotate()
	issuer.DropOldKeys()
	rotated := time.Now()
	fresh := bearer(issuer.AccessToken(ada))
	awaitReply(t, func() reply { return p.send(t, "GET", "/api/me", fresh) }, http.StatusOK, "")
	t.Logf("the new key was fetched after %v", time.Since(rotated).Round(time.Millisecond))
}
