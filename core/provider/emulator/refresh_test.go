package emulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/web"
)

const ownTokenPath = "/api/v0/token/" + apiKey

func refreshRequest(t *testing.T, path, token string) web.Request {
	t.Helper()
	return apiRequest(http.MethodPost, path, encode(t, map[string]string{"grant_type": "refresh_token", "refresh_token": token}))
}

func (b *bench) refresh(t *testing.T, token string) tokens {
	t.Helper()
	answer := b.serve(t, refreshRequest(t, ownTokenPath, token))
	wantStatus(t, answer, http.StatusOK)
	var got tokens
	decode(t, answer.Body, &got)
	return got
}

func TestRefreshKeepsTheNumberAndChangesTheSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.tokens(t)
	b.advance(time.Minute)
	second := b.refresh(t, first.Refresh)
	number, secret, _ := strings.Cut(first.Refresh, ":")
	nextNumber, nextSecret, _ := strings.Cut(second.Refresh, ":")
	if number != nextNumber || secret == nextSecret || len(nextSecret) != 50 {
		t.Errorf("%q became %q", first.Refresh, second.Refresh)
	}
	before, after := part(t, first.Access, 1), part(t, second.Access, 1)
	if before["sub"] != after["sub"] || before["jti"] == after["jti"] || after["iat"] != before["iat"].(float64)+60 {
		t.Errorf("claims %v became %v", before, after)
	}
}

func TestTheOldRefreshTokenIsDead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.tokens(t)
	second := b.refresh(t, first.Refresh)
	wantRefusal(t, b.serve(t, refreshRequest(t, ownTokenPath, first.Refresh)), http.StatusBadRequest, "not valid")
	b.refresh(t, second.Refresh)
}

func TestRefreshWithoutTheKeyInThePath(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	wantStatus(t, b.serve(t, refreshRequest(t, "/api/v0/token", b.tokens(t).Refresh)), http.StatusOK)
}

func TestRefreshTakesTheCookieWhereTheBodyHasNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := withHeader(request(http.MethodPost, ownTokenPath, `{"grant_type":"refresh_token"}`),
		"Api_key_id", apiKey, "Cookie", "a=b; refreshToken="+b.tokens(t).Refresh)
	wantStatus(t, b.serve(t, r), http.StatusOK)
}

func TestRefreshRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bench, string) string{
		"AnotherSecret": func(_ *bench, token string) string { return token[:len(token)-1] + "!" },
		"AnotherNumber": func(_ *bench, token string) string { return "9" + token },
		"NoColon":       func(_ *bench, token string) string { return strings.Replace(token, ":", "", 1) },
		"Nothing":       func(*bench, string) string { return "" },
		"AfterThirtyDays": func(b *bench, token string) string {
			b.advance(30 * 24 * time.Hour)
			return token
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			token := b.refresh(t, b.tokens(t).Refresh).Refresh
			wantRefusal(t, b.serve(t, refreshRequest(t, ownTokenPath, change(b, token))), http.StatusBadRequest, "not valid")
		})
	}
}

func TestAnotherGrantTypeIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := encode(t, map[string]string{"grant_type": "identity_token", "refresh_token": b.tokens(t).Refresh})
	wantRefusal(t, b.serve(t, apiRequest(http.MethodPost, ownTokenPath, body)), http.StatusBadRequest, "grant_type")
}

func TestLogoutClearsTheCookieAndEndsItsToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.tokens(t).Refresh
	answer := b.serve(t, withHeader(request(http.MethodDelete, ownTokenPath, ""), "Api_key_id", apiKey, "Cookie", "refreshToken="+token))
	wantStatus(t, answer, http.StatusOK)
	if len(answer.Cookies) != 1 || !strings.HasPrefix(answer.Cookies[0], "refreshToken=;") || !strings.Contains(answer.Cookies[0], "Max-Age=0") {
		t.Errorf("cookies %q", answer.Cookies)
	}
	wantRefusal(t, b.serve(t, refreshRequest(t, ownTokenPath, token)), http.StatusBadRequest, "not valid")
}
