package session_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

func TestOwn_Replace(t *testing.T) {
	t.Parallel()
	both := config.OwnSession{Transport: []string{config.TransportCookie, config.TransportBearer}}
	for name, c := range map[string]struct {
		login            func(*bench, *session.Login)
		credential       func(*session.Credential)
		continued, ended bool
	}{
		"SameUser":        {continued: true},
		"LongAgo":         {login: func(b *bench, _ *session.Login) { b.at = b.at.Add(6 * 24 * time.Hour) }, continued: true},
		"OtherUser":       {login: func(_ *bench, l *session.Login) { l.User.ID = uuid.Must(uuid.NewV7()) }, ended: true},
		"OtherSubject":    {login: func(_ *bench, l *session.Login) { l.User.Subject = "eve" }, ended: true},
		"OtherIssuer":     {login: func(_ *bench, l *session.Login) { l.User.Issuer = "https://other.example" }, ended: true},
		"OtherTransport":  {login: func(_ *bench, l *session.Login) { l.Transport = config.TransportBearer }, ended: true},
		"StolenTransport": {credential: func(c *session.Credential) { c.Transport = config.TransportBearer }},
		"WrongSecret":     {credential: func(c *session.Credential) { c.Token = strings.Split(c.Token, ".")[0] + "." + strings.Repeat("A", 43) }},
		"Malformed":       {credential: func(c *session.Credential) { c.Token += "A" }},
		"Idle":            {login: func(b *bench, _ *session.Login) { b.at = b.at.Add(7 * 24 * time.Hour) }},
		"RevokedMeanwhile": {login: func(b *bench, _ *session.Login) {
			_, _ = b.db.Sessions().RevokeAll(t.Context(), b.user.ID, "", "test", b.at)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			own := b.own(both, nil)
			began := b.issue(t, own, b.login())
			check(t, own, began.Credential)
			l, credential := b.login(), began.Credential
			if c.login != nil {
				c.login(b, &l)
			}
			if c.credential != nil {
				c.credential(&credential)
			}
			continued, ended, err := own.Replace(t.Context(), l, credential)
			if err != nil || (continued != nil) != c.continued || (ended != nil) != c.ended {
				t.Fatalf("got %+v and %+v, %v", continued, ended, err)
			}
			for _, s := range []*session.Session{continued, ended} {
				if s != nil && s.ID != began.ID {
					t.Errorf("the session is %q, want %q", s.ID, began.ID)
				}
			}
			if c.ended {
				wantRejected(t, own, began.Credential, "session_revoked")
			}
		})
	}
}

func TestOwn_Replace_StoreFails(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Find", "Revoke"} {
		b := newBench(t)
		began := b.issue(t, b.own(config.OwnSession{}, nil), b.login())
		l := b.login()
		l.User.Subject = "eve"
		failing := b.own(config.OwnSession{}, &broken{Store: b.db.Sessions(), method: method, err: errDown})
		continued, ended, err := failing.Replace(t.Context(), l, began.Credential)
		wantError(t, err, autherr.TemporarilyUnavailable, "store_failed")
		if continued != nil || ended != nil {
			t.Errorf("%s: got %+v and %+v", method, continued, ended)
		}
	}
}

func TestOwn_Issue_Continues(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	own := b.own(config.OwnSession{}, nil)
	began := b.issue(t, own, b.login())
	l := b.login()
	var err error
	if l.Continues, _, err = own.Replace(t.Context(), l, began.Credential); err != nil || l.Continues == nil {
		t.Fatalf("got %+v, %v", l.Continues, err)
	}
	issued, err := own.Issue(t.Context(), l)
	if err != nil || issued.View.ID != began.ID || issued.Stored.ID != began.ID || issued.Token == began.Token ||
		issued.Stored.Lookup == l.Continues.Lookup {
		t.Errorf("issued %+v after %+v, %v", issued.View, began.View, err)
	}
}

// Cases: T19, T25, T26.
func TestOwn_KeptClaims_Standard(t *testing.T) {
	t.Parallel()
	at := start.Truncate(time.Second).Add(-time.Minute)
	for name, c := range map[string]struct {
		keeps         []string
		claims        map[string]any
		authenticated time.Time
		want          map[string]any
		signed        bool
	}{
		"acr":               {nil, map[string]any{"acr": "gold", "role": "x"}, time.Time{}, map[string]any{"acr": "gold"}, false},
		"number":            {nil, map[string]any{"acr": 2}, time.Time{}, map[string]any{"acr": json.Number("2")}, false},
		"long acr":          {nil, map[string]any{"acr": strings.Repeat("x", 256)}, time.Time{}, nil, false},
		"auth_time":         {nil, map[string]any{"auth_time": at.Unix()}, at, map[string]any{"auth_time": json.Number("1799999940")}, true},
		"bad auth_time":     {[]string{"auth_time"}, map[string]any{"auth_time": at.Unix()}, time.Time{}, map[string]any{"auth_time": json.Number("1799999940")}, false},
		"listed":            {[]string{"acr"}, map[string]any{"acr": "gold"}, at, map[string]any{"acr": "gold", "auth_time": json.Number("1799999940")}, true},
		"outside the limit": {[]string{"groups", "role"}, map[string]any{"groups": slices.Repeat([]string{strings.Repeat("g", 36)}, 40), "role": "admin", "acr": "gold"}, time.Time{}, map[string]any{"role": "admin", "acr": "gold"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			own := b.own(config.OwnSession{Claims: c.keeps}, nil)
			l := b.login()
			l.Identity.Claims, l.Identity.AuthenticatedAt = identity.NewClaims(c.claims), c.authenticated
			began := b.issue(t, own, l)
			caller, _ := check(t, own, began.Credential)
			if got := caller.Claims.Map(); !reflect.DeepEqual(got, c.want) || caller.HasAuthTime() != c.signed {
				t.Errorf("kept %v, signed %t, want %v, %t", got, caller.HasAuthTime(), c.want, c.signed)
			}
			if name == "outside the limit" && !strings.Contains(b.log.String(), "groups") {
				t.Errorf("the log does not name the claim: %s", b.log.String())
			}
		})
	}
}
