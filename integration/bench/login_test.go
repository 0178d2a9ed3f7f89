package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// BenchmarkLogin is POST /auth/login without a socket: the signatures of the
// access and the ID token, and the database. Each login has its own tokens.
func BenchmarkLogin(b *testing.B) {
	issuer := providertest.NewIssuer(b)
	for _, d := range databases(b) {
		compare(b, "a login, "+d.name,
			contender{"of a known user", func(b *testing.B) func() error {
				b.Helper()
				kit := newKit(b, configuration(issuer, 0, ownSession, d.create(b).block))
				return func() error { return tryLogin(kit, issuer.Login(ada).Body()) }
			}},
			contender{"the first", func(b *testing.B) func() error {
				b.Helper()
				kit, n := newKit(b, configuration(issuer, 0, ownSession, d.create(b).block)), 0
				return func() error {
					n++
					return tryLogin(kit, issuer.Login(fmt.Sprintf("%d@example.com", n)).Body())
				}
			}},
		)
	}
}

// login logs Ada in and returns the token of her session.
func login(b testing.TB, kit *core.Kit, issuer *providertest.Issuer) (token string) {
	b.Helper()
	return loginAs(b, kit, issuer, ada)
}

func loginAs(b testing.TB, kit *core.Kit, issuer *providertest.Issuer, identifier string) (token string) {
	b.Helper()
	response := post(kit, issuer.Login(identifier).Body())
	var body struct {
		Token struct {
			AccessToken string `json:"access_token"`
		} `json:"token"`
	}
	if err := json.Unmarshal(response.Body, &body); err != nil || body.Token.AccessToken == "" {
		b.Fatalf("login: %d %s", response.Status, response.Body)
	}
	return body.Token.AccessToken
}

func tryLogin(kit *core.Kit, body []byte) error {
	if r := post(kit, body); r.Status != http.StatusOK && r.Status != http.StatusCreated {
		return errors.New(strings.TrimSpace(string(r.Body)))
	}
	return nil
}

func post(kit *core.Kit, body []byte) core.Response {
	r := httptest.NewRequest(http.MethodPost, "/auth/login", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	response, _ := kit.Adapter().Serve(context.Background(), core.RequestFromHTTP(r))
	return response
}
