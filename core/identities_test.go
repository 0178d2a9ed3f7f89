package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const atCorp = "ada@corp.example"

// twoProviders adds an OpenID provider with that state to the settings.
func (h *harness) twoProviders(s *core.Settings, state string) {
	s.Providers = append(s.Providers, provider.Instance{
		Type: loopbackOIDC, Name: "corp",
		Common:   provider.Common{Trust: []string{"email"}, State: state},
		Settings: &oidc.Settings{Issuer: h.issuer.URL(), Audience: []string{providertest.Audience}},
	})
}

// newPeople opens a kit with two providers.
func newPeople(t *testing.T, edits ...func(*core.Settings)) *harness {
	t.Helper()
	h := newHarness(t, nil)
	s := h.settings()
	h.twoProviders(&s, config.StateActive)
	for _, edit := range edits {
		edit(&s)
	}
	h.open(t, s)
	return h
}

// everySession are the settings of each session block and format.
var everySession = map[string]func(*core.Settings){
	"own": func(*core.Settings) {},
	"own jwt": func(s *core.Settings) {
		jwtSessions(s)
		s.Own.AccessTTL = config.Duration(15 * time.Minute)
	},
	"provider token": providerToken(nil),
}

func (h *harness) corpPayload(t *testing.T, email string, edits ...providertest.Edit) string {
	t.Helper()
	return text(t, map[string]any{"oauth_token": map[string]any{"id_token": h.issuer.OIDCToken(email, edits...)}})
}

func authorization(token string) []string { return []string{"Authorization", "Bearer " + token} }

// element is an element of the list of identities.
type element struct {
	ID, Provider, Issuer, Email string
	Current                     bool
	EmailVerified               bool       `json:"email_verified"`
	LastLoginAt                 *time.Time `json:"last_login_at"`
}

func (h *harness) identities(t *testing.T, token string) []element {
	t.Helper()
	r := h.call(t, "GET", "/auth/identities", "", authorization(token)...)
	var list struct{ Identities []element }
	decode(t, r, &list)
	if r.Status != http.StatusOK {
		t.Fatalf("GET /identities: %d %s", r.Status, r.Body)
	}
	return list.Identities
}

// link adds ada's identity at corp to the caller and returns its id.
func (h *harness) link(t *testing.T, token string) string {
	t.Helper()
	r := h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp), authorization(token)...)
	is(t, r, http.StatusCreated, "")
	var added element
	decode(t, r, &added)
	return added.ID
}

func TestIdentities_List(t *testing.T) {
	t.Parallel()
	for name, session := range everySession {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newPeople(t, session)
			token := h.signIn(t, ada)
			h.clock.Advance(time.Second)
			corp := h.link(t, token)
			r := h.call(t, "GET", "/auth/identities", "", authorization(token)...)
			first := h.identities(t, token)[0].ID
			want := fmt.Sprintf(`{"identities":[{"id":%q,"current":true,"provider":"cotter","issuer":%q,"identifier":%q,`+
				`"email":%[3]q,"email_verified":true,"phone":null,"phone_verified":false,`+
				`"created_at":"2026-11-22T10:00:00.000Z","last_login_at":"2026-11-22T10:00:00.000Z"},`+
				`{"id":%[4]q,"current":false,"provider":"corp","issuer":%q,"identifier":%q,`+
				`"email":%[6]q,"email_verified":true,"phone":null,"phone_verified":false,`+
				`"created_at":"2026-11-22T10:00:01.000Z","last_login_at":null}]}`,
				first, providertest.CotterIssuer, ada, corp, h.issuer.URL(), atCorp)
			if got := strings.TrimSpace(string(r.Body)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if field(r, "Cache-Control") != "no-store" {
				t.Errorf("the list may be cached: %v", r.Header)
			}
			is(t, h.call(t, "GET", "/auth/identities", ""), http.StatusUnauthorized, "unauthenticated")
			if r := h.call(t, "PUT", "/auth/identities", ""); r.Status != http.StatusMethodNotAllowed || field(r, "Allow") != "GET, HEAD, POST" {
				t.Errorf("PUT: %d, Allow %q", r.Status, field(r, "Allow"))
			}
		})
	}
}

// TestIdentities_Add adds an identity twice. Afterwards it signs in to the same user.
func TestIdentities_Add(t *testing.T) {
	t.Parallel()
	for name, session := range everySession {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newPeople(t, session)
			token := h.signIn(t, ada)
			added := h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp), authorization(token)...)
			is(t, added, http.StatusCreated, "")
			list := h.identities(t, token)
			var got element
			decode(t, added, &got)
			if len(list) != 2 || got != list[1] || len(added.Cookies) != 0 {
				t.Errorf("added %+v with cookies %q, listed %+v", got, added.Cookies, list)
			}

			again := h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp, providertest.Claim("email", "new@corp.example")), authorization(token)...)
			is(t, again, http.StatusOK, "")
			if string(again.Body) != string(added.Body) {
				t.Errorf("again: %s, want %s", again.Body, added.Body)
			}
			h.admits(t, core.Guard{}, token, "")

			is(t, h.call(t, "POST", "/auth/login", h.corpPayload(t, atCorp)), http.StatusOK, "")
			if list := h.identities(t, token); len(list) != 2 || list[1].LastLoginAt == nil || !list[0].Current {
				t.Errorf("after its login: %+v", list)
			}
			bob := h.signIn(t, bob)
			is(t, h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp), authorization(bob)...), http.StatusConflict, "identity_in_use")
			if got := h.identities(t, bob); len(got) != 1 {
				t.Errorf("bob has %+v", got)
			}
			for _, event := range []string{`"event":"identity_linked"`, `"identity_id":"` + got.ID + `"`, `"address":"192.0.2.1"`} {
				if !strings.Contains(h.log.String(), event) {
					t.Errorf("%s is not in the log", event)
				}
			}
		})
	}
}

// TestIdentities_FreshSignIn signs in longer ago than both changes accept. The time is that
// which the provider signed, else that of the issue of its token.
func TestIdentities_FreshSignIn(t *testing.T) {
	t.Parallel()
	for name, session := range everySession {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newPeople(t, session)
			earlier := func(d time.Duration) providertest.Edit {
				return providertest.Claim("auth_time", h.clock.Now().Add(-d).Unix())
			}
			for what, c := range map[string]struct {
				token string
				after time.Duration
				fresh bool
			}{
				"signed time":     {h.signInOIDC(t, earlier(10*time.Minute)), 0, true},
				"old signed time": {h.signInOIDC(t, earlier(10*time.Minute+time.Second)), 0, false},
			} {
				h.wantFresh(t, what, c.token, c.fresh)
			}
			cotter := h.signIn(t, bob)
			h.clock.Advance(10 * time.Minute)
			h.wantFresh(t, "issue", cotter, true)
			h.clock.Advance(time.Second)
			h.wantFresh(t, "old issue", cotter, false)
			if got := h.identities(t, cotter); len(got) != 1 {
				t.Errorf("the list requires no recent sign-in: %+v", got)
			}
		})
	}
}

// wantFresh expects that a caller's sign-in is recent enough for changes, or not.
func (h *harness) wantFresh(t *testing.T, what, token string, fresh bool) {
	t.Helper()
	for path, body := range map[string]string{
		"/auth/identities":        h.corpPayload(t, atCorp, providertest.Claim("sub", "carol"), providertest.Claim("iss", "https://other.example")),
		"/auth/identities/remove": `{"id":"unknown"}`,
	} {
		r := h.call(t, "POST", path, body, authorization(token)...)
		challenge := field(r, "Www-Authenticate")
		rejected := r.Status == http.StatusUnauthorized && strings.Contains(challenge, `error="insufficient_user_authentication"`) &&
			strings.Contains(challenge, `max_age="600"`)
		if rejected == fresh {
			t.Errorf("%s, %s: got %d %s %s, want fresh: %t", what, path, r.Status, challenge, r.Body, fresh)
		}
	}
}

// TestIdentities_AccessToken has the access token of an API, which does not reach the
// identities even if it suffices for a login.
func TestIdentities_AccessToken(t *testing.T) {
	t.Parallel()
	for name, access := range map[string]oidc.AccessToken{
		"any client": {Audience: []string{"api"}},
		"listed":     {Audience: []string{"api"}, Clients: []string{"web"}},
		"login":      {Audience: []string{"api"}, Clients: []string{"web"}, Login: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newPeople(t, func(s *core.Settings) {
				bothSessions(s)
				s.Providers[1].Settings.(*oidc.Settings).AccessToken = &access
			})
			token := h.issuer.OIDCToken(ada, providertest.Claim("aud", "api"), providertest.Claim("client_id", "web"), providertest.Header("typ", "at+jwt"))
			tokens := map[string]any{"id_token": h.issuer.OIDCToken(ada), "access_token": token}
			is(t, h.call(t, "POST", "/auth/login", text(t, map[string]any{"oauth_token": tokens})), http.StatusCreated, "")
			h.admits(t, core.Guard{}, token, "")
			var remove string
			for _, own := range []string{h.signIn(t, bob), token} {
				status, code := http.StatusForbidden, "insufficient_scope"
				if own != token {
					status, code = http.StatusOK, ""
					remove = h.identities(t, own)[0].ID
				}
				is(t, h.call(t, "GET", "/auth/identities", "", authorization(own)...), status, code)
				if code == "" {
					status = http.StatusCreated
				}
				is(t, h.call(t, "POST", "/auth/identities", string(h.issuer.Login("carol@example.com").Body()), authorization(own)...), status, code)
				if code == "" {
					status = http.StatusNoContent
				}
				is(t, h.call(t, "POST", "/auth/identities/remove", text(t, map[string]any{"id": remove}), authorization(own)...), status, code)
			}
		})
	}
}

// TestIdentities_Add_Refused posts what a login refuses, and then what it accepts.
func TestIdentities_Add_Refused(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	token := h.signIn(t, ada)
	valid := h.issuer.OIDCToken(atCorp)
	post := func(edit func(payload map[string]any)) core.Response {
		payload := map[string]any{"oauth_token": map[string]any{"id_token": valid}}
		edit(payload)
		return h.call(t, "POST", "/auth/identities", text(t, payload), authorization(token)...)
	}
	with := func(name string, value any) func(map[string]any) {
		return func(payload map[string]any) { payload[name] = value }
	}
	idToken := func(edits ...providertest.Edit) func(map[string]any) {
		return with("oauth_token", map[string]any{"id_token": h.issuer.OIDCToken(atCorp, edits...)})
	}
	for name, c := range map[string]struct {
		edit   func(map[string]any)
		status int
		code   string
	}{
		"no token":         {with("oauth_token", map[string]any{}), http.StatusBadRequest, "invalid_request"},
		"unknown provider": {with("provider", "unknown"), http.StatusBadRequest, "invalid_request"},
		"email hint":       {with("email", "other@corp.example"), http.StatusBadRequest, "identity_mismatch"},
		"subject hint":     {with("user", map[string]any{"ID": "other"}), http.StatusBadRequest, "identity_mismatch"},
		"nonce":            {with("nonce", "other"), http.StatusUnauthorized, "invalid_token"},
		"audience":         {idToken(providertest.Claim("aud", "other")), http.StatusUnauthorized, "invalid_token"},
		"login_max_age":    {idToken(providertest.Claim("iat", h.clock.Now().Add(-16*time.Minute).Unix())), http.StatusUnauthorized, "token_expired"},
		"machine claim":    {idToken(providertest.Claim("gty", "client-credentials")), http.StatusUnauthorized, "invalid_token"},
		"own token":        {with("oauth_token", map[string]any{"id_token": token}), http.StatusUnauthorized, "invalid_token"},
	} {
		r := post(c.edit)
		if r.Status != c.status || !strings.Contains(string(r.Body), `"code":"`+c.code+`"`) {
			t.Errorf("%s: got %d %s, want %d %s", name, r.Status, r.Body, c.status, c.code)
		}
		if got := h.identities(t, token); len(got) != 1 {
			t.Errorf("%s: added %+v", name, got)
		}
	}
	is(t, post(func(map[string]any) {}), http.StatusCreated, "")
}

// TestIdentities_Draining adds identities of a draining block: those that are not
// registered are rejected.
func TestIdentities_Draining(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	s := h.settings()
	s.Database = database.Existing(memstore.New())
	h.twoProviders(&s, config.StateActive)
	h.open(t, s)
	token := h.signIn(t, ada)
	h.link(t, token)
	draining := h.settings()
	draining.Database = s.Database
	h.twoProviders(&draining, config.StateDraining)
	h.open(t, draining)
	bob := h.signIn(t, bob)
	is(t, h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp), authorization(token)...), http.StatusOK, "")
	is(t, h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp), authorization(bob)...), http.StatusConflict, "identity_in_use")
	is(t, h.call(t, "POST", "/auth/identities", h.corpPayload(t, "bob@corp.example"), authorization(bob)...), http.StatusForbidden, "provider_draining")

	disabled := h.settings()
	disabled.Database = s.Database
	h.twoProviders(&disabled, config.StateDisabled)
	h.open(t, disabled)
	is(t, h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp), authorization(token)...), http.StatusUnauthorized, "invalid_token")
}

// TestIdentities_Remove removes the identity of another session, then that of the
// caller.
func TestIdentities_Remove(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	token := h.signIn(t, ada)
	corp := h.link(t, token)
	atCorpToken := h.corpSession(t)
	h.admits(t, core.Guard{}, atCorpToken, "")
	remove := func(id, by string) core.Response {
		return h.call(t, "POST", "/auth/identities/remove", text(t, map[string]any{"id": id}), authorization(by)...)
	}
	bobs := h.identities(t, h.signIn(t, bob))[0].ID
	for _, id := range []string{bobs, uuid.NewString(), "malformed", strings.ToUpper(corp), "{" + corp + "}"} {
		is(t, remove(id, token), http.StatusNotFound, "not_found")
	}
	for _, body := range []string{`{}`, `{"id":""}`, `{"id":7}`, `{"ID":"x"}`} {
		is(t, h.call(t, "POST", "/auth/identities/remove", body, authorization(token)...), http.StatusBadRequest, "invalid_request")
	}
	is(t, remove(corp, token), http.StatusNoContent, "")
	h.admits(t, core.Guard{}, atCorpToken, "invalid_token")
	h.admits(t, core.Guard{}, token, "")
	list := h.identities(t, token)
	if len(list) != 1 || list[0].Provider != "cotter" {
		t.Fatalf("left %+v", list)
	}
	is(t, remove(corp, token), http.StatusNotFound, "not_found")
	is(t, remove(list[0].ID, token), http.StatusConflict, "last_identity")
	h.admits(t, core.Guard{}, token, "")
	if !strings.Contains(h.log.String(), `"event":"identity_unlinked"`) {
		t.Error("the removal is not logged")
	}
	is(t, h.call(t, "POST", "/auth/login", h.corpPayload(t, atCorp)), http.StatusCreated, "")
}

// corpSession returns the token of a session of ada's identity at corp.
func (h *harness) corpSession(t *testing.T) string {
	t.Helper()
	payload := map[string]any{"oauth_token": map[string]any{"id_token": h.issuer.OIDCToken(atCorp)}, "transport": config.TransportBearer}
	var response issued
	decode(t, h.call(t, "POST", "/auth/login", text(t, payload)), &response)
	return response.Token.AccessToken
}

// TestIdentities_Remove_Cookie clears the cookie only if the caller's own identity
// is removed.
func TestIdentities_Remove_Cookie(t *testing.T) {
	t.Parallel()
	for name, session := range everySession {
		for at, clears := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, clears %t", name, clears), func(t *testing.T) {
				t.Parallel()
				h := newPeople(t, session)
				token := h.signIn(t, ada)
				h.link(t, token)
				id := h.identities(t, token)[at].ID
				login := h.login(t, ada, config.TransportCookie)
				cookie, _, _ := strings.Cut(login.Cookies[0], ";")
				r := h.call(t, "POST", "/auth/identities/remove", text(t, map[string]any{"id": id}), "Cookie", cookie)
				is(t, r, http.StatusNoContent, "")
				if cleared := slices.ContainsFunc(r.Cookies, func(line string) bool { return strings.Contains(line, "Max-Age=0") }); cleared != clears {
					t.Errorf("the cookies are %q, want cleared: %t", r.Cookies, clears)
				}
				status := http.StatusOK
				if clears {
					status = http.StatusUnauthorized
				}
				if r := h.call(t, "GET", "/auth/session", "", "Cookie", cookie); (r.Status == http.StatusOK) != (status == http.StatusOK) {
					t.Errorf("the session then gets %d %s", r.Status, r.Body)
				}
			})
		}
	}
}

// TestIdentities_Remove_ProviderToken removes an identity whose user is cached.
func TestIdentities_Remove_ProviderToken(t *testing.T) {
	t.Parallel()
	h := newPeople(t, providerToken(nil))
	token := h.signIn(t, ada)
	corp := h.link(t, token)
	other := h.issuer.OIDCToken(atCorp)
	h.admits(t, core.Guard{}, other, "")
	is(t, h.call(t, "POST", "/auth/identities/remove", text(t, map[string]any{"id": corp}), authorization(token)...), http.StatusNoContent, "")
	h.admits(t, core.Guard{}, other, "not_registered")
	h.admits(t, core.Guard{}, token, "")
}

// TestIdentities_Remove_Concurrent removes both identities of a user 16 times each, at
// once. One stays.
func TestIdentities_Remove_Concurrent(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	token := h.signIn(t, ada)
	h.link(t, token)
	other := h.corpSession(t)
	list := h.identities(t, token)
	var group sync.WaitGroup
	responses := make([]core.Response, 32)
	for i := range responses {
		group.Go(func() {
			body := text(t, map[string]any{"id": list[i%2].ID})
			responses[i] = h.call(t, "POST", "/auth/identities/remove", body, authorization([]string{other, token}[i/2%2])...)
		})
	}
	group.Wait()
	removed := 0
	for _, r := range responses {
		if r.Status == http.StatusNoContent {
			removed++
		}
	}
	caller := h.caller(t, h.signInAgain(t))
	if left, err := h.kit.Users().Identities(t.Context(), caller.UserID); err != nil || removed != 1 || len(left) != 1 {
		t.Errorf("%d removals, left %+v (error %v), want one of each", removed, left, err)
	}
}

// signInAgain returns a token of a user of either of ada's identities that is left.
func (h *harness) signInAgain(t *testing.T) string {
	t.Helper()
	var response issued
	r := h.login(t, ada, config.TransportBearer)
	if r.Status == http.StatusCreated {
		return h.corpSession(t)
	}
	decode(t, r, &response)
	return response.Token.AccessToken
}

// meanwhile is a database that calls before at the beginning of a transaction.
type meanwhile struct {
	database.Database
	before func()
}

func (m *meanwhile) Accounts() account.Store { return meanwhileAccounts{m.Database.Accounts(), m} }

type meanwhileAccounts struct {
	account.Store
	*meanwhile
}

func (m meanwhileAccounts) Transact(ctx context.Context, locks []string, do func(context.Context, account.Tx) error) error {
	if before := m.before; before != nil {
		m.before = nil
		before()
	}
	return m.Store.Transact(ctx, locks, do)
}

// TestIdentities_Overtaken changes the user after the caller was recognized.
func TestIdentities_Overtaken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]overtaking{
		"nothing": {func(context.Context, *core.Kit, identity.UserID, uuid.UUID) error { return nil }, 0, ""},
		"disabled": {func(ctx context.Context, k *core.Kit, user identity.UserID, _ uuid.UUID) error {
			return k.Users().Disable(ctx, user)
		}, http.StatusForbidden, "account_disabled"},
		"deleted": {func(ctx context.Context, k *core.Kit, user identity.UserID, _ uuid.UUID) error {
			return k.Users().Delete(ctx, user)
		}, http.StatusUnauthorized, "invalid_token"},
		"revoked": {func(ctx context.Context, k *core.Kit, user identity.UserID, _ uuid.UUID) error {
			return k.Sessions().RevokeAll(ctx, user)
		}, http.StatusUnauthorized, "invalid_token"},
		"identity removed": {func(ctx context.Context, k *core.Kit, user identity.UserID, own uuid.UUID) error {
			return k.Users().Unlink(ctx, user, own)
		}, http.StatusUnauthorized, "invalid_token"},
	} {
		for session, settings := range everySession {
			for _, path := range []string{"/auth/identities", "/auth/identities/remove"} {
				t.Run(name+", "+session+", "+path, func(t *testing.T) {
					t.Parallel()
					c.run(t, settings, path)
				})
			}
		}
	}
}

// overtaking is a change of the caller's user, and the response that it causes; 0: it
// prevents nothing.
type overtaking struct {
	change func(ctx context.Context, k *core.Kit, user identity.UserID, own uuid.UUID) error
	status int
	code   string
}

func (o overtaking) run(t *testing.T, session func(*core.Settings), path string) {
	t.Helper()
	db := &meanwhile{Database: memstore.New()}
	h := newPeople(t, session, func(s *core.Settings) { s.Database = database.Existing(db) })
	token := h.signIn(t, ada)
	corp := h.link(t, token)
	if r := h.call(t, "POST", "/auth/identities", string(h.issuer.Login("third@example.com").Body()), authorization(token)...); r.Status != http.StatusCreated {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	user, own := h.caller(t, token).UserID, uuid.MustParse(h.identities(t, token)[0].ID)
	h.clock.Advance(500 * time.Millisecond)
	body, status := h.corpPayload(t, "fourth@corp.example"), http.StatusCreated
	if path == "/auth/identities/remove" {
		body, status = text(t, map[string]any{"id": corp}), http.StatusNoContent
	}
	if o.status != 0 {
		status = o.status
	}
	db.before = func() {
		if err := o.change(t.Context(), h.kit, user, own); err != nil {
			t.Error(err)
		}
	}
	is(t, h.call(t, "POST", path, body, authorization(token)...), status, o.code)
	if db.before != nil {
		t.Error("there was no transaction")
	}
}

// TestIdentities_Add_OldToken posts a token that was issued before all sessions of the
// caller were revoked.
func TestIdentities_Add_OldToken(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	user := h.caller(t, h.signIn(t, ada)).UserID
	before := h.corpPayload(t, atCorp)
	h.clock.Advance(time.Second)
	if err := h.kit.Sessions().RevokeAll(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	token := h.signIn(t, ada)
	is(t, h.call(t, "POST", "/auth/identities", before, authorization(token)...), http.StatusUnauthorized, "invalid_token")
	is(t, h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp), authorization(token)...), http.StatusCreated, "")
}

// TestIdentities_SameSecond has a provider's token of the second in which the user's
// not-before is. Tokens specify whole seconds, so it is valid.
func TestIdentities_SameSecond(t *testing.T) {
	t.Parallel()
	db := memstore.New()
	h := newPeople(t, providerToken(nil), func(s *core.Settings) { s.Database = database.Existing(db) })
	token := h.signIn(t, ada)
	user := h.caller(t, token).UserID
	if err := db.Accounts().SetNotBefore(t.Context(), user, h.clock.Now().Add(200*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	h.clock.Advance(500 * time.Millisecond)
	h.admits(t, core.Guard{Fresh: true}, token, "")
	h.link(t, token)
}

// TestIdentities_Add_EndedSession posts a token of a session that was revoked at the
// provider.
func TestIdentities_Add_EndedSession(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	token := h.signIn(t, ada)
	if _, err := h.kit.Signal(t.Context(), core.Signal{Issuer: h.issuer.URL(), ProviderSession: "ended"}); err != nil {
		t.Fatal(err)
	}
	post := func(session string) core.Response {
		return h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp, providertest.Claim("sid", session)), authorization(token)...)
	}
	is(t, post("ended"), http.StatusUnauthorized, "invalid_token")
	is(t, post("active"), http.StatusCreated, "")
}

// TestIdentities_Concurrent adds one identity to two users at once.
func TestIdentities_Concurrent(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	tokens := []string{h.signIn(t, ada), h.signIn(t, bob)}
	payload := h.corpPayload(t, atCorp)
	statuses := make([]int, 32)
	var group sync.WaitGroup
	for i := range statuses {
		group.Go(func() {
			statuses[i] = h.call(t, "POST", "/auth/identities", payload, authorization(tokens[i%2])...).Status
		})
	}
	group.Wait()
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if count[http.StatusCreated] != 1 || count[http.StatusOK] != 15 || count[http.StatusConflict] != 16 {
		t.Errorf("got %v, want one 201, 15 times 200 and 16 times 409", count)
	}
}

// TestIdentities_Add_Limited counts rejected tokens as rejected logins.
func TestIdentities_Add_Limited(t *testing.T) {
	t.Parallel()
	h := newPeople(t, func(s *core.Settings) { s.Auth.LoginFailures = new(2) })
	token := h.signIn(t, ada)
	for _, status := range []int{http.StatusUnauthorized, http.StatusUnauthorized, http.StatusTooManyRequests} {
		if r := h.call(t, "POST", "/auth/identities", h.corpPayload(t, atCorp, providertest.Claim("aud", "other")), authorization(token)...); r.Status != status {
			t.Errorf("got %d %s, want %d", r.Status, r.Body, status)
		}
	}
	is(t, h.login(t, ada, ""), http.StatusTooManyRequests, "rate_limited")
	if got := h.identities(t, token); len(got) != 1 {
		t.Errorf("the list is limited too: %+v", got)
	}
}

// TestIdentities_Stored has no routes where nothing is stored.
func TestIdentities_Stored(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(s *core.Settings) {
		providerToken(func(p *config.ProviderTokenSession) { p.User = config.UserNone })(s)
		s.Database = nil
	})
	login := h.issuer.Login(ada)
	h.admits(t, core.Guard{}, login.AccessToken, "")
	is(t, h.call(t, "GET", "/auth/identities", "", authorization(login.AccessToken)...), http.StatusNotFound, "not_found")
	if !json.Valid(h.call(t, "GET", "/auth/session", "", authorization(login.AccessToken)...).Body) {
		t.Error("the token has no session")
	}
}
