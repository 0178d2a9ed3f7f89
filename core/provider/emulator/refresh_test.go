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
	response := b.serve(t, refreshRequest(t, ownTokenPath, token))
	wantStatus(t, response, http.StatusOK)
	var got tokens
	decode(t, response.Body, &got)
	return got
}

func TestRefresh_Rotates(t *testing.T) {
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

func TestRefresh_RejectsOldToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.tokens(t)
	second := b.refresh(t, first.Refresh)
	wantError(t, b.serve(t, refreshRequest(t, ownTokenPath, first.Refresh)), http.StatusBadRequest, "not valid")
	b.refresh(t, second.Refresh)
}

func TestRefresh_WithoutKeyInPath(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	wantStatus(t, b.serve(t, refreshRequest(t, "/api/v0/token", b.tokens(t).Refresh)), http.StatusOK)
}

func TestRefresh_Cookie(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := withHeader(request(http.MethodPost, ownTokenPath, `{"grant_type":"refresh_token"}`),
		"Api_key_id", apiKey, "Cookie", "a=b; refreshToken="+b.tokens(t).Refresh)
	wantStatus(t, b.serve(t, r), http.StatusOK)
}

func TestRefresh_RejectsInvalidToken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bench, string) string{
		"other secret": func(_ *bench, token string) string { return token[:len(token)-1] + "!" },
		"other number": func(_ *bench, token string) string { return "9" + token },
		"no colon":     func(_ *bench, token string) string { return strings.Replace(token, ":", "", 1) },
		"empty":        func(*bench, string) string { return "" },
		"after thirty days": func(b *bench, token string) string {
			b.advance(30 * 24 * time.Hour)
			return token
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			token := b.refresh(t, b.tokens(t).Refresh).Refresh
			wantError(t, b.serve(t, refreshRequest(t, ownTokenPath, change(b, token))), http.StatusBadRequest, "not valid")
		})
	}
}

func TestRefresh_RejectsGrantType(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := encode(t, map[string]string{"grant_type": "identity_token", "refresh_token": b.tokens(t).Refresh})
	wantError(t, b.serve(t, apiRequest(http.MethodPost, ownTokenPath, body)), http.StatusBadRequest, "grant_type")
}

func TestLogout_RevokesToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.tokens(t).Refresh
	response := b.serve(t, withHeader(request(http.MethodDelete, ownTokenPath, ""), "Api_key_id", apiKey, "Cookie", "refreshToken="+token))
	wantStatus(t, response, http.StatusOK)
	if len(response.Cookies) != 1 || !strings.HasPrefix(response.Cookies[0], "refreshToken=;") || !strings.Contains(response.Cookies[0], "Max-Age=0") {
		t.Errorf("cookies %q", response.Cookies)
	}
	wantError(t, b.serve(t, refreshRequest(t, ownTokenPath, token)), http.StatusBadRequest, "not valid")
}
