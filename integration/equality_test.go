package integration_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// TestFrameworks_SameResponses sends the same requests to the same application
// in each framework and compares the responses: status, header fields (except
// for their order and Date), transfer coding, and body.
//
// Cases: S05. Frameworks: nethttp, gin, fiber.
func TestFrameworks_SameResponses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		session string
		steps   func(*providertest.Issuer) []step
	}{
		{"OwnCookie", ownSession, ownCookieStory},
		{"OwnBearer", ownBearer, ownBearerStory},
		{"ProviderTokenBearer", tokenBearer, func(i *providertest.Issuer) []step {
			return append(providerTokenStory(i, http.StatusCreated, byToken), identitySteps(i, byToken("two"))...)
		}},
		{"ProviderTokenCookie", tokenCookie, func(i *providertest.Issuer) []step {
			return append(providerTokenStory(i, http.StatusCreated, byCookie), identitySteps(i, byCookie("two"))...)
		}},
		{"ProviderTokenWithoutUsers", tokenWithoutUser, withoutUsersStory},
		{"BothSessions", bothSessions, bothSessionsStory},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			issuer := providertest.NewIssuer(t)
			steps := slices.Concat(c.steps(issuer), everyMethod(), crossSiteRequests(), application(), refusedLogins(issuer))
			replies := make([][]string, len(frameworks))
			var group sync.WaitGroup
			for i, framework := range frameworks {
				p := start(t, framework, configuration(issuer, c.session))
				login := issuer.Login(ada)
				p.add(login.AccessToken, login.IDToken, login.RefreshToken)
				group.Go(func() {
					replies[i] = play(t, p, steps, map[string]string{
						"payload": string(login.Body()),
						"refresh": login.RefreshToken,
					})
				})
			}
			group.Wait()
			for i, framework := range frameworks[1:] {
				compare(t, framework, steps, replies[0], replies[i+1])
			}
		})
	}
}

func compare(t *testing.T, framework string, steps []step, want, got []string) {
	t.Helper()
	const enough = 10
	differing := 0
	for i := range min(len(want), len(got)) {
		if got[i] == want[i] {
			continue
		}
		if differing++; differing <= enough {
			s := steps[i]
			t.Errorf("%s %s %.200q %.100q\n%s: %s\n%s: %s", s.method, s.target, s.lines, s.body, frameworks[0], want[i], framework, got[i])
		}
	}
	if len(got) != len(steps) || differing > 0 {
		t.Errorf("%s: %d of %d responses, of which %d differ", framework, len(got), len(steps), differing)
	}
}

// identitySteps list, add and remove identities of the caller.
func identitySteps(i *providertest.Issuer, line string) []step {
	other := string(i.Login("second@example.com").Body())
	return []step{
		{http.StatusOK, "GET", "/auth/identities", "", []string{line}, ""},
		{http.StatusOK, "HEAD", "/auth/identities", "", []string{line}, ""},
		{http.StatusOK, "POST", "/auth/identities", "{payload}", []string{line}, ""},
		{http.StatusBadRequest, "POST", "/auth/identities", "{}", []string{line}, ""},
		{http.StatusForbidden, "POST", "/auth/identities", other, []string{line, foreign}, ""},
		{http.StatusCreated, "POST", "/auth/identities", other, []string{line}, ""},
		{http.StatusOK, "GET", "/auth/identities", "", []string{line}, ""},
		{http.StatusNotFound, "POST", "/auth/identities/remove", `{"id":"unknown"}`, []string{line}, ""},
		{http.StatusBadRequest, "POST", "/auth/identities/remove", `{}`, []string{line}, ""},
		{http.StatusForbidden, "POST", "/auth/identities/remove", `{"id":"unknown"}`, []string{line, foreign}, ""},
	}
}

func ownCookieStory(i *providertest.Issuer) []step {
	return slices.Concat([]step{
		{http.StatusCreated, "POST", "/auth/login", "{payload}", nil, "one"},
		{http.StatusOK, "POST", "/auth/login", "{payload}", []string{"Transfer-Encoding: chunked"}, "two"},
		{http.StatusOK, "POST", "/auth/login", "{payload}", []string{friendly}, "three"},
		{http.StatusOK, "POST", "/auth/login", "{payload}", []string{byCookie("three")}, "four"},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{byCookie("three")}, ""},
		{http.StatusOK, "GET", "/auth/session", "", []string{byCookie("one")}, ""},
		{http.StatusOK, "HEAD", "/auth/session", "", []string{byCookie("one")}, ""},
		{http.StatusOK, "GET", "/api/me", "", []string{byCookie("one")}, ""},
		{http.StatusOK, "GET", "/api/me", "", []string{"Cookie: a=b; " + cookieName + "={one.cookie}; c=d"}, ""},
		{http.StatusOK, "GET", "/api/me", "", []string{"Cookie: a=b", byCookie("one")}, ""},
		{http.StatusOK, "HEAD", "/api/me", "", []string{byCookie("one")}, ""},
		{http.StatusOK, "GET", "/api/public", "", []string{byCookie("one")}, ""},
		{http.StatusOK, "GET", "/api/me", "", []string{byCookie("one"), friendly}, ""},
		{http.StatusOK, "GET", "/api/me", "", []string{byCookie("one"), "Authorization: Basic eDp5"}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{byCookie("one"), "Authorization: Bearer x"}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{"Authorization: Bearer {one.cookie}"}, ""},
		{http.StatusBadRequest, "GET", "/api/me", "", []string{byCookie("one"), byCookie("two")}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{"Cookie: " + cookieName + "=" + strings.Repeat("x", 4000)}, ""},
		{http.StatusCreated, "POST", "/api/notes", `{"note":"<b>\u2028 é"}`, []string{byCookie("one")}, ""},
		{http.StatusCreated, "POST", "/api/notes", `{"note":"x"}`, []string{byCookie("one"), "Transfer-Encoding: chunked"}, ""},
		{http.StatusBadRequest, "POST", "/api/notes", `{"note":`, []string{byCookie("one")}, ""},
		{http.StatusRequestEntityTooLarge, "POST", "/api/notes", `{"note":"` + strings.Repeat("x", 64<<10) + `"}`, []string{byCookie("one")}, ""},
		{http.StatusForbidden, "POST", "/api/notes", `{"note":"x"}`, []string{byCookie("one"), foreign}, ""},
		{http.StatusOK, "GET", "/auth/sessions", "", []string{byCookie("one")}, ""},
		{http.StatusNotFound, "POST", "/auth/refresh", `{"refresh_token":"{refresh}"}`, []string{byCookie("one")}, ""},
		{http.StatusBadRequest, "POST", "/auth/sessions/revoke", `{}`, []string{byCookie("one")}, ""},
		{http.StatusBadRequest, "POST", "/auth/sessions/revoke", `{"all":true,"others":true}`, []string{byCookie("one")}, ""},
		{http.StatusNotFound, "POST", "/auth/sessions/revoke", `{"id":"nobody's"}`, []string{byCookie("one")}, ""},
		{http.StatusForbidden, "POST", "/auth/sessions/revoke", `{"all":true}`, []string{byCookie("one"), foreign}, ""},
		{http.StatusNoContent, "POST", "/auth/sessions/revoke", `{"id":"{two.session}"}`, []string{byCookie("one")}, ""},
		{http.StatusUnauthorized, "GET", "/auth/session", "", []string{byCookie("two")}, ""},
		{http.StatusNoContent, "POST", "/auth/sessions/revoke", `{"others":true}`, []string{byCookie("one")}, ""},
		{http.StatusUnauthorized, "GET", "/auth/session", "", []string{byCookie("four")}, ""},
		{http.StatusUnsupportedMediaType, "POST", "/auth/logout", "x=y", []string{byCookie("one"), "Content-Type: application/x-www-form-urlencoded"}, ""},
		{http.StatusNoContent, "POST", "/auth/logout", "", []string{byCookie("one")}, ""},
		{http.StatusUnauthorized, "GET", "/auth/session", "", []string{byCookie("one")}, ""},
		{http.StatusOK, "POST", "/auth/login", "{payload}", []string{byCookie("one"), byCookie("two")}, "five"},
		{http.StatusNoContent, "POST", "/auth/logout", "", []string{byCookie("one"), byCookie("five")}, ""},
		{http.StatusUnauthorized, "GET", "/auth/session", "", []string{byCookie("five")}, ""},
		{http.StatusOK, "POST", "/auth/login", "{payload}", nil, "six"},
	}, identitySteps(i, byCookie("six")), []step{
		{http.StatusNoContent, "POST", "/auth/sessions/revoke", `{"all":true}`, []string{byCookie("six")}, ""},
		{http.StatusUnauthorized, "GET", "/auth/session", "", []string{byCookie("six")}, ""},
	})
}

func ownBearerStory(*providertest.Issuer) []step {
	return []step{
		{http.StatusCreated, "POST", "/auth/login", "{payload}", nil, "one"},
		{http.StatusOK, "POST", "/auth/login", "{payload}", nil, "two"},
		{http.StatusOK, "GET", "/auth/session", "", []string{byToken("one")}, ""},
		{http.StatusOK, "GET", "/api/me", "", []string{byToken("one")}, ""},
		{http.StatusOK, "GET", "/api/me", "", []string{"authorization: bearer {one.token}"}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{"Authorization: Bearer  {one.token}"}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{"Authorization: Bearer {one.token}x"}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{"Cookie: " + cookieName + "={one.token}"}, ""},
		{http.StatusCreated, "POST", "/api/notes", `{"note":"x"}`, []string{byToken("one"), foreign}, ""},
		{http.StatusOK, "GET", "/auth/sessions", "", []string{byToken("two")}, ""},
		{http.StatusNoContent, "POST", "/auth/sessions/revoke", `{"others":true}`, []string{byToken("two")}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{byToken("one")}, ""},
		{http.StatusNoContent, "POST", "/auth/logout", "", []string{byToken("two")}, ""},
		{http.StatusUnauthorized, "GET", "/api/me", "", []string{byToken("two")}, ""},
	}
}

// providerTokenStory returns the steps with provider tokens in one transport.
func providerTokenStory(_ *providertest.Issuer, first int, by func(string) string) []step {
	return []step{
		{first, "POST", "/auth/login", "{payload}", nil, "one"},
		{http.StatusOK, "POST", "/auth/login", "{payload}", nil, "one"},
		{http.StatusOK, "GET", "/auth/session", "", []string{by("one")}, ""},
		{http.StatusOK, "GET", "/api/me", "", []string{by("one")}, ""},
		{http.StatusOK, "HEAD", "/api/me", "", []string{by("one")}, ""},
		{http.StatusCreated, "POST", "/api/notes", `{"note":"x"}`, []string{by("one")}, ""},
		{http.StatusNotFound, "GET", "/auth/sessions", "", []string{by("one")}, ""},
		{http.StatusNotFound, "POST", "/auth/sessions/revoke", `{"others":true}`, []string{by("one")}, ""},
		{http.StatusBadRequest, "POST", "/auth/refresh", `{}`, []string{by("one")}, ""},
		{http.StatusBadRequest, "POST", "/auth/refresh", `{"refresh_token":7}`, []string{by("one")}, ""},
		{http.StatusBadRequest, "POST", "/auth/refresh", `{"refresh_token":"x","provider":"nobody"}`, []string{by("one")}, ""},
		{http.StatusUnauthorized, "POST", "/auth/refresh", `{"refresh_token":"x"}`, []string{by("one")}, ""},
		{http.StatusForbidden, "POST", "/auth/refresh", `{"refresh_token":"{refresh}"}`, []string{foreign}, ""},
		{http.StatusOK, "POST", "/auth/refresh", `{"refresh_token":"{refresh}"}`, []string{by("one")}, "two"},
		{http.StatusUnauthorized, "POST", "/auth/refresh", `{"refresh_token":"{refresh}"}`, []string{by("one")}, ""},
		{http.StatusOK, "GET", "/api/me", "", []string{by("two")}, ""},
		{http.StatusNoContent, "POST", "/auth/logout", "", []string{by("two")}, ""},
		{http.StatusOK, "GET", "/api/me", "", []string{by("two")}, ""},
	}
}

func withoutUsersStory(i *providertest.Issuer) []step {
	steps := providerTokenStory(i, http.StatusOK, byToken)
	return append(steps,
		step{http.StatusNotFound, "POST", "/auth/sessions/revoke", `{"all":true}`, []string{byToken("two")}, ""},
		step{http.StatusNotFound, "GET", "/auth/identities", "", []string{byToken("two")}, ""},
		step{http.StatusNotFound, "POST", "/auth/identities", "{payload}", []string{byToken("two")}, ""})
}
