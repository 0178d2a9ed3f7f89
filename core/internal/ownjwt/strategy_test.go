package ownjwt_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/ownjwt"
	"github.com/cotterpin/cotterpin/core/session"
)

var start = time.UnixMilli(1_800_000_000_123).UTC()

// sessionStore counts calls and can fail.
type sessionStore struct {
	session.Store

	finds       atomic.Int32
	failAdvance func() error // nil: Advance does not fail
	failRevoke  error
}

func (s *sessionStore) Find(ctx context.Context, l session.Lookup) (session.Session, error) {
	s.finds.Add(1)
	return s.Store.Find(ctx, l)
}

func (s *sessionStore) FindByID(ctx context.Context, user identity.UserID, id string) (session.Session, error) {
	s.finds.Add(1)
	return s.Store.FindByID(ctx, user, id)
}

func (s *sessionStore) Advance(ctx context.Context, e session.Exchange) error {
	if s.failAdvance != nil {
		if err := s.failAdvance(); err != nil {
			return err
		}
	}
	return s.Store.Advance(ctx, e)
}

func (s *sessionStore) Revoke(ctx context.Context, user identity.UserID, id, reason string, at time.Time) error {
	if s.failRevoke != nil {
		return s.failRevoke
	}
	return s.Store.Revoke(ctx, user, id, reason, at)
}

// world is a database with one user, a clock and a log.
type world struct {
	*ownjwt.Strategy

	db    *memstore.DB
	store *sessionStore
	user  identity.User
	log   bytes.Buffer

	mu sync.Mutex
	at time.Time
}

func newWorld(t testing.TB, settings config.OwnSession) *world {
	t.Helper()
	db := memstore.New()
	w := &world{db: db, store: &sessionStore{Store: db.Sessions()}, at: start, user: identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key:      identity.Key{Issuer: "https://issuer.example", Subject: "ada"},
		Provider: "cotter", CreatedAt: start, LastLoginAt: start, ExternalID: "<ada> é",
	}}
	if err := accounttest.Register(t.Context(), db.Accounts(), w.user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	if settings.Transport == nil {
		settings.Transport = []string{config.TransportCookie, config.TransportBearer}
	}
	settings.Format = config.FormatJWT
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	keys := ownjwt.NewKeyring(db.Keys(), ownjwt.KeyringOptions{Now: w.now})
	own := session.NewOwn(settings, w.store, w.now, log)
	w.Strategy = ownjwt.New(ownjwt.Options{Settings: settings, Own: own, Store: w.store, Keys: keys, Issuer: origin, Log: log})
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// login is a login of the user now.
func (w *world) login() session.Login {
	user := w.user
	user.LastLoginAt = w.now()
	return session.Login{
		User:      user,
		Identity:  identity.Identity{Key: user.Key, Provider: "cotter", AuthMethod: "OTP"},
		Transport: config.TransportBearer,
	}
}

func (w *world) signIn(t testing.TB, l session.Login) session.Issued {
	t.Helper()
	got, err := w.Issue(t.Context(), l)
	if err != nil {
		t.Fatalf("Issue: %v", err)
	}
	record := database.SignIn{User: l.User, Session: got.Stored, MaxSessions: 100}
	if l.Continues != nil {
		record.Continues = l.Continues.Lookup
	}
	if err := w.db.SignIn(t.Context(), record); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	return got
}

func (w *world) refresh(ctx context.Context, token string) (session.Issued, error) {
	r, err := w.Refresh(ctx, bearer(token))
	if err != nil {
		return session.Issued{}, err
	}
	return r.Exchange(ctx)
}

// mustRefresh expects the token to be exchanged.
func (w *world) mustRefresh(t testing.TB, token string) session.Issued {
	t.Helper()
	got, err := w.refresh(t.Context(), token)
	if err != nil {
		t.Fatalf("refresh: %v", err)
	}
	return got
}

func (w *world) wantRefused(t *testing.T, token, reason string) {
	t.Helper()
	_, err := w.refresh(t.Context(), token)
	wantError(t, err, autherr.InvalidToken, reason)
}

func (w *world) wantRejected(t *testing.T, c session.Credential, fresh bool, code autherr.Code, reason string) {
	t.Helper()
	_, _, err := w.Check(t.Context(), c, fresh)
	wantError(t, err, code, reason)
}

func (w *world) mustCheck(t testing.TB, token string, fresh bool) (identity.Principal, session.View) {
	t.Helper()
	p, v, err := w.Check(t.Context(), bearer(token), fresh)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	return p, v
}

func bearer(token string) session.Credential {
	return session.Credential{Token: token, Transport: config.TransportBearer}
}

func cookie(token string) session.Credential {
	return session.Credential{Token: token, Transport: config.TransportCookie}
}

func wantError(t *testing.T, err error, code autherr.Code, reason string) {
	t.Helper()
	if err == nil || autherr.CodeOf(err) != code || autherr.ReasonOf(err) != reason {
		t.Errorf("got %v, want %s (%s)", err, code, reason)
	}
}

// segment decodes the header (0) or the payload (1) of a token.
func segment(t testing.TB, raw string, n int) (text string, members map[string]any) {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[n])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(decoded, &members); err != nil {
		t.Fatal(err)
	}
	return string(decoded), members
}

func TestStrategy_Claims(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{Claims: []string{"role", "/a/b"}})
	l := w.login()
	l.Identity.AuthMethod = "pwd otp"
	l.Identity.AuthenticatedAt = start.Add(-time.Minute).Truncate(time.Second)
	l.Identity.Claims = identity.NewClaims(map[string]any{"role": []string{"<admin>"}, "a": map[string]any{"b": 1}, "acr": "2", "other": true})
	got := w.signIn(t, l)

	header, members := segment(t, got.Token, 0)
	if len(members) != 3 || members["alg"] != "ES256" || members["typ"] != "at+jwt" || members["kid"] == "" {
		t.Errorf("header %s", header)
	}
	text, claims := segment(t, got.Token, 1)
	if !strings.HasPrefix(text, `{"iss":"`+origin+`","aud":["`+origin+`"],`) {
		t.Errorf("payload %s", text)
	}
	want := map[string]any{
		"iss": origin, "sub": w.user.ID.String(), "sid": got.View.ID, "client_id": "cotter", "external_id": w.user.ExternalID,
		"iat": float64(start.Unix()), "exp": float64(start.Add(5 * time.Minute).Unix()),
		"auth_time": float64(start.Add(-time.Minute).Unix()), "acr": "2", "/a/b": float64(1),
	}
	for name, value := range want {
		if claims[name] != value {
			t.Errorf("%s is %v, want %v", name, claims[name], value)
		}
	}
	for name, value := range map[string]string{"aud": `["` + origin + `"]`, "amr": `["pwd","otp"]`, "role": `["\u003cadmin\u003e"]`} {
		if list, _ := json.Marshal(claims[name]); string(list) != value {
			t.Errorf("%s is %s, want %s", name, list, value)
		}
	}
	if id, _ := claims["jti"].(string); len(id) < 16 {
		t.Errorf("jti is %q", id)
	}
	if _, ok := claims["other"]; ok {
		t.Errorf("payload %s", text)
	}
	_, again := segment(t, w.mustRefresh(t, got.RefreshToken).Token, 1)
	if again["external_id"] != w.user.ExternalID {
		t.Errorf("refreshed: external_id %v, want %v", again["external_id"], w.user.ExternalID)
	}
	if again["jti"] == claims["jti"] || again["sid"] != claims["sid"] || again["auth_time"] != claims["auth_time"] {
		t.Errorf("refreshed: %v, at first %v", again, claims)
	}
}

// The principal of an access token is that of an opaque session of the same login.
func TestStrategy_PrincipalAsOpaque(t *testing.T) {
	t.Parallel()
	kept := []string{"role", "/a/b", "/auth_time", "scope"}
	for name, change := range map[string]func(*session.Login){
		"Plain":    func(*session.Login) {},
		"AuthTime": func(l *session.Login) { l.Identity.AuthenticatedAt = start.Add(-time.Hour).Truncate(time.Second) },
		"NoMethod": func(l *session.Login) { l.Identity.AuthMethod = "" },
		"Methods":  func(l *session.Login) { l.Identity.AuthMethod = "  pwd  otp " },
		"Issued":   func(l *session.Login) { l.Identity.IssuedAt = start.Add(-time.Second).Truncate(time.Second) },
		"Claims": func(l *session.Login) {
			l.Identity.Claims = identity.NewClaims(map[string]any{
				"role": []any{"a", 1.5, nil, map[string]any{"<": "\u2028"}}, "a": map[string]any{"b": "c"},
				"scope": "read write", "acr": "urn:x", "auth_time": "soon",
			})
		},
		"NoExternalID": func(l *session.Login) { l.User.ExternalID = "" },
		"OwnNames": func(l *session.Login) {
			l.User.ExternalID = ""
			l.Identity.Claims = identity.NewClaims(map[string]any{"external_id": "eve", "sid": "other", "client_id": "other", "cotterpin": map[string]any{"sub": "eve"}})
		},
		"Subject": func(l *session.Login) { l.User.Subject, l.Identity.Subject = `<"&\'>`, `<"&\'>` },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, config.OwnSession{Claims: kept})
			l := w.login()
			change(&l)
			issued, err := w.Issue(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			got, view := w.mustCheck(t, issued.Token, false)
			want := issued.Stored.Principal()
			gotText, _ := json.Marshal(got.Claims)
			wantText, _ := json.Marshal(want.Claims)
			if string(gotText) != string(wantText) || got.HasAuthTime() != want.HasAuthTime() || !got.AuthenticatedAt.Equal(want.AuthenticatedAt) {
				t.Errorf("got %s at %v, want %s at %v", gotText, got.AuthenticatedAt, wantText, want.AuthenticatedAt)
			}
			got.Claims, want.Claims = identity.Claims{}, identity.Claims{}
			got.AuthenticatedAt, want.AuthenticatedAt = time.Time{}, time.Time{}
			if gotText, wantText := mustJSON(t, got), mustJSON(t, want); gotText != wantText {
				t.Errorf("got %s, want %s", gotText, wantText)
			}
			if view.ID != want.SessionID || view.Format != config.FormatJWT || !view.ExpiresAt.IsZero() {
				t.Errorf("view %+v", view)
			}
		})
	}
}

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Cases: R09.
func TestStrategy_Check_Rejects(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t, config.OwnSession{}), newWorld(t, config.OwnSession{})
	got := w.signIn(t, w.login())
	w.mustCheck(t, got.Token, false)
	parts := strings.Split(got.Token, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	for name, token := range map[string]string{
		"Refresh":   got.RefreshToken,
		"Signature": parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"None":      none + "." + parts[1] + ".",
		"OtherNode": other.signIn(t, other.login()).Token,
		"Empty":     "",
	} {
		for _, fresh := range []bool{false, true} {
			if _, _, err := w.Check(t.Context(), bearer(token), fresh); autherr.CodeOf(err) != autherr.InvalidToken {
				t.Errorf("%s: got %v, want invalid_token", name, err)
			}
		}
	}
	w.wantRejected(t, cookie(got.Token), false, autherr.InvalidToken, "wrong_transport")
	_, err := w.Refresh(t.Context(), bearer(got.Token))
	wantError(t, err, autherr.InvalidToken, "malformed_token")
	_, err = w.Refresh(t.Context(), cookie(got.RefreshToken))
	wantError(t, err, autherr.InvalidToken, "wrong_transport")
	w.mustRefresh(t, got.RefreshToken)
}

// The headers are signed with the server's own key, as if it had made other tokens.
//
// Cases: R09.
func TestStrategy_Check_OwnKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	got := w.signIn(t, w.login())
	keys, err := w.db.Keys().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	signing := keys[slices.IndexFunc(keys, func(k session.Key) bool { return k.Purpose == session.KeySigns })]
	payload := strings.Split(got.Token, ".")[1]
	for typ, want := range map[string]autherr.Code{
		`,"typ":"at+jwt"`:  "", // the unmodified token
		`,"typ":"JWT"`:     autherr.InvalidToken,
		`,"typ":"jwt"`:     autherr.InvalidToken,
		`,"typ":"cps+jwt"`: autherr.InvalidToken,
		``:                 autherr.InvalidToken,
	} {
		raw := signES256(t, signing, `{"alg":"ES256","kid":"`+signing.ID+`"`+typ+`}`, payload)
		for _, fresh := range []bool{false, true} {
			if _, _, err := w.Check(t.Context(), bearer(raw), fresh); autherr.CodeOf(err) != want {
				t.Errorf("%s, fresh %t: got %v, want %v", typ, fresh, err, want)
			}
		}
	}
}

// signES256 signs a header and an encoded payload with a stored key.
func signES256(t *testing.T, k session.Key, header, payload string) string {
	t.Helper()
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), k.Secret[1:]) // after the form, which is unencrypted
	if err != nil {
		t.Fatal(err)
	}
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + payload
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestStrategy_Check_Expiry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{AccessTTL: config.Duration(time.Minute)})
	got := w.signIn(t, w.login())
	if want := start.Truncate(time.Second).Add(time.Minute); !got.ExpiresAt.Equal(want) {
		t.Errorf("the access token expires at %v, want %v", got.ExpiresAt, want)
	}
	w.wait(got.ExpiresAt.Sub(start) - time.Millisecond)
	w.mustCheck(t, got.Token, false)
	w.wait(time.Millisecond)
	w.wantRejected(t, bearer(got.Token), false, autherr.TokenExpired, "expired")
	w.wait(-2 * time.Second)
	w.mustCheck(t, got.Token, true)
	w.wait(-30*time.Second - time.Minute) // the clock of another node
	w.mustCheck(t, got.Token, false)
}

func TestStrategy_AccessTokenWithinSession(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]config.OwnSession{
		"TTL":  {TTL: config.Duration(time.Minute), IdleTTL: config.Off},
		"Idle": {IdleTTL: config.Duration(time.Minute)},
	} {
		w := newWorld(t, settings)
		if got := w.signIn(t, w.login()); got.ExpiresAt.After(start.Add(time.Minute)) {
			t.Errorf("%s: the access token expires at %v", name, got.ExpiresAt)
		}
	}
}

// With check "none" a guard does not query the database; a fresh check does.
func TestStrategy_Check_Window(t *testing.T) {
	t.Parallel()
	for _, check := range []string{config.CheckNone, config.CheckDatabase} {
		w := newWorld(t, config.OwnSession{Check: check})
		got := w.signIn(t, w.login())
		_, view := w.mustCheck(t, got.Token, true)
		if !view.ExpiresAt.Equal(got.View.ExpiresAt) || view.Format != config.FormatJWT || view.LastSeenAt.IsZero() {
			t.Errorf("view %+v, want %+v", view, got.View)
		}
		w.store.finds.Store(0)
		w.mustCheck(t, got.Token, false)
		if queried := w.store.finds.Load() == 1; queried != (check == config.CheckDatabase) {
			t.Errorf("check %s: %d statements", check, w.store.finds.Load())
		}
		if ended, err := w.End(t.Context(), bearer(got.Token), "logout"); err != nil || ended == nil || ended.ID != got.View.ID {
			t.Fatalf("End: %+v, %v", ended, err)
		}
		w.wantRejected(t, bearer(got.Token), true, autherr.InvalidToken, "session_revoked")
		w.wantRefused(t, got.RefreshToken, "session_revoked")
		if check == config.CheckNone {
			w.mustCheck(t, got.Token, false)
		} else {
			w.wantRejected(t, bearer(got.Token), false, autherr.InvalidToken, "session_revoked")
		}
	}
}

func TestStrategy_Check_LastSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{
		Check: config.CheckDatabase, AccessTTL: config.Duration(15 * time.Minute), IdleTTL: config.Duration(time.Hour),
	})
	got := w.signIn(t, w.login())
	w.wait(10 * time.Minute)
	w.mustCheck(t, got.Token, false)
	stored, err := w.db.Sessions().FindByID(t.Context(), w.user.ID, got.View.ID)
	if err != nil || !stored.LastSeenAt.Equal(w.now()) || !stored.IdleExpiresAt.Equal(w.now().Add(time.Hour)) {
		t.Errorf("stored %+v, %v", stored, err)
	}
}

func TestStrategy_Owns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	got := w.signIn(t, w.login())
	claims := func(iss string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+iss+`","aud":["`+origin+`"]}`)) + ".AA"
	}
	for token, want := range map[string]bool{
		got.Token: true, claims(origin): true,
		claims(origin + "m"): false, claims("https://issuer.example"): false,
		got.RefreshToken: false, "": false, ".": false, "cps_AAAA.AAAA": false,
	} {
		if w.Owns(token) != want {
			t.Errorf("%q: want %t", token, want)
		}
	}
	for _, issuer := range []string{"https://a.example", "https://ab.example", "https://abc.example"} {
		own := session.NewOwn(config.OwnSession{}, nil, w.now, slog.Default())
		s := ownjwt.New(ownjwt.Options{Own: own, Keys: &ownjwt.Keyring{}, Issuer: issuer})
		if !s.Owns(claims(issuer)) || s.Owns(claims(issuer+".")) || s.Owns(claims(issuer[:len(issuer)-1])) {
			t.Errorf("%s: the prefix does not end with iss", issuer)
		}
	}
}

func TestStrategy_End(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		credential func(w *world, got session.Issued) session.Credential
		ends       bool
	}{
		"Access":        {func(_ *world, got session.Issued) session.Credential { return bearer(got.Token) }, true},
		"AccessExpired": {func(w *world, got session.Issued) session.Credential { w.wait(time.Hour); return bearer(got.Token) }, true},
		"Refresh":       {func(_ *world, got session.Issued) session.Credential { return bearer(got.RefreshToken) }, true},
		"RefreshUsed": {func(w *world, got session.Issued) session.Credential {
			w.mustRefresh(t, got.RefreshToken)
			return bearer(got.RefreshToken)
		}, true},
		"AccessCookie":  {func(_ *world, got session.Issued) session.Credential { return cookie(got.Token) }, false},
		"RefreshCookie": {func(_ *world, got session.Issued) session.Credential { return cookie(got.RefreshToken) }, false},
		"RefreshGuessed": {func(_ *world, got session.Issued) session.Credential {
			return bearer(got.RefreshToken[:27] + strings.Repeat("A", 70))
		}, false},
		"AccessMalformed": {func(_ *world, got session.Issued) session.Credential { return bearer(got.Token + "A") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, config.OwnSession{})
			got := w.signIn(t, w.login())
			credential := c.credential(w, got)
			ended, err := w.End(t.Context(), credential, "logout")
			if err != nil || (ended != nil) != c.ends {
				t.Fatalf("got %+v, %v", ended, err)
			}
			stored, err := w.db.Sessions().FindByID(t.Context(), w.user.ID, got.View.ID)
			if err != nil || stored.RevokedAt.IsZero() == c.ends {
				t.Errorf("stored %+v, %v", stored, err)
			}
			if again, err := w.End(t.Context(), credential, "logout"); c.ends && (again != nil || err != nil) {
				t.Errorf("ended twice: %+v, %v", again, err)
			}
		})
	}
	w := newWorld(t, config.OwnSession{})
	got := w.signIn(t, w.login())
	w.store.failRevoke = errDown
	for _, token := range []string{got.Token, got.RefreshToken} {
		_, err := w.End(t.Context(), bearer(token), "logout")
		wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
	}
}

func TestStrategy_Replace_StepUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	got := w.signIn(t, w.login())
	w.wait(10 * time.Minute) // the access token has expired
	l := w.login()
	continued, ended, err := w.Replace(t.Context(), l, bearer(got.Token))
	if err != nil || ended != nil || continued == nil || continued.ID != got.View.ID {
		t.Fatalf("got %+v, %+v, %v", continued, ended, err)
	}
	l.Continues = continued
	next := w.signIn(t, l)
	if next.View.ID != got.View.ID || next.RefreshToken == got.RefreshToken {
		t.Errorf("the session is %q, want %q", next.View.ID, got.View.ID)
	}
	w.wantRefused(t, got.RefreshToken, "unknown_session")
	w.mustRefresh(t, next.RefreshToken)

	eve := w.login()
	eve.User.Subject = "eve"
	if continued, ended, err = w.Replace(t.Context(), eve, bearer(next.Token)); err != nil || continued != nil || ended == nil {
		t.Fatalf("another user: %+v, %+v, %v", continued, ended, err)
	}
	w.wantRefused(t, next.RefreshToken, "session_revoked")
	if continued, ended, err = w.Replace(t.Context(), l, bearer("invalid")); err != nil || continued != nil || ended != nil {
		t.Errorf("malformed: %+v, %+v, %v", continued, ended, err)
	}
}

// A token that a step-up login has superseded does not get the privileges of the
// login.
func TestStrategy_Check_SupersededToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	got := w.signIn(t, w.login())
	w.wait(time.Minute)
	l := w.login()
	l.Identity.AuthMethod = "WEBAUTHN"
	l.Continues, _, _ = w.Replace(t.Context(), l, bearer(got.Token))
	w.signIn(t, l)
	if p, _ := w.mustCheck(t, got.Token, true); p.AuthMethod != "OTP" || p.AuthenticatedAt.After(start) {
		t.Errorf("the old token has method %q, authenticated at %v", p.AuthMethod, p.AuthenticatedAt)
	}
}

func TestStrategy_Renew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, config.OwnSession{})
	got := w.signIn(t, w.login())
	second := w.mustRefresh(t, got.RefreshToken)
	renewed, err := w.Renew(t.Context(), bearer(second.Token))
	if err != nil || renewed.View.ID != got.View.ID || renewed.Token == second.Token {
		t.Fatalf("got %+v, %v", renewed, err)
	}
	w.mustCheck(t, renewed.Token, true)
	w.wantRefused(t, second.RefreshToken, "unknown_session")
	w.wantRefused(t, got.RefreshToken, "unknown_session")
	third := w.mustRefresh(t, renewed.RefreshToken)
	if again := w.mustRefresh(t, renewed.RefreshToken); again.RefreshToken != third.RefreshToken {
		t.Error("a repeated exchange returns another successor")
	}
	if _, err := w.End(t.Context(), bearer(third.Token), "logout"); err != nil {
		t.Fatal(err)
	}
	_, err = w.Renew(t.Context(), bearer(third.Token))
	wantError(t, err, autherr.InvalidToken, "session_revoked")
}

var errAdvance = errors.New("ownjwt_test: the connection broke")
