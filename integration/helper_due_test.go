package integration_test

import (
	"net/http"
	"testing"
)

// lateClock sets the clock of the page forward, so that the helper refreshes the access
// token, which the server accepts for five minutes.
const lateClock = `void (Date.now = ((now) => () => now() + 295_000)(Date.now))`

// TestHelper_Due refreshes tokens in memory before they expire. A request does not fail
// because the refresh does; a rejected refresh signs the other tab out too.
func TestHelper_Due(t *testing.T) {
	t.Parallel()
	page := newHelperPage(t, "nethttp", jwtSession)
	one := page.open(newBrowser(t), "")
	two := page.open(newTab(one.ctx, t), "")
	page.signInAt(one, ada, "bearer")
	page.signInAt(two, ada, "bearer")
	evaluate[any](one, lateClock)
	for _, fault := range []int{http.StatusServiceUnavailable, http.StatusInternalServerError, 0} {
		page.setFault(fault)
		one.status(http.StatusOK)
		if got := page.refreshed(); got != 1 {
			t.Errorf("fault %d: %d refreshes, want 1", fault, got)
		}
	}
	one.states("signed-in")

	id := awaited[string](one, `auth.session().then((body) => body.session.id)`)
	elsewhere := page.signInByToken(t, page.issuer, ada)
	page.send(t, "POST", "/auth/sessions/revoke", elsewhere.credential, line("Origin", page.origin),
		posting(encode(map[string]string{"id": id}))).is(t, http.StatusNoContent, "")
	two.status(http.StatusOK)
	evaluate[any](one, lateClock)
	one.status(http.StatusUnauthorized)
	one.states("signed-in", "signed-out")
	two.states("signed-in", "signed-out")
	two.status(http.StatusUnauthorized)
}
