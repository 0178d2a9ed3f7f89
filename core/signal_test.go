package core_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// wantSignal applies a signal and checks the result.
func (h *harness) wantSignal(t *testing.T, s core.Signal, applied bool, code autherr.Code) {
	t.Helper()
	got, err := h.kit.Signal(t.Context(), s)
	if got != applied || autherr.CodeOf(err) != code {
		t.Errorf("Signal: applied %t, error %v; want applied %t, code %q", got, err, applied, code)
	}
}

func TestSignal_Disable(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, nil)
	session := h.signInAt(t, "a")
	s := core.Signal{Issuer: h.issuer.URL(), Subject: providertest.SubjectOf(ada), Disable: true}
	h.wantSignal(t, s, true, "")
	h.recognizes(t, map[string]bool{session: false})
	h.clock.Advance(time.Second)
	is(t, h.postIDToken(t), http.StatusForbidden, "account_disabled")
}

// A signal with an ID is applied once, one without each time.
func TestSignal_ID(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, nil)
	h.signInOIDC(t)
	s := core.Signal{Issuer: h.issuer.URL(), Subject: providertest.SubjectOf(ada), ID: "msg_1", ExpiresAt: h.clock.Now().Add(time.Hour)}
	h.wantSignal(t, s, true, "")
	h.clock.Advance(time.Second)
	session := h.signInOIDC(t)
	h.wantSignal(t, s, false, "")
	h.recognizes(t, map[string]bool{session: true})
	s.ID = ""
	for range 2 {
		h.wantSignal(t, s, true, "")
	}
	h.recognizes(t, map[string]bool{session: false})
}

func TestSignal_Errors(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, nil)
	session := h.signInAt(t, "a")
	issuer, sub := h.issuer.URL(), providertest.SubjectOf(ada)
	for name, s := range map[string]core.Signal{
		"no issuer":                {Subject: sub},
		"issuer of no block":       {Issuer: issuer + "/", Subject: sub},
		"nothing":                  {Issuer: issuer},
		"disabling without a user": {Issuer: issuer, ProviderSession: "a", Disable: true},
	} {
		t.Log(name)
		h.wantSignal(t, s, false, autherr.InvalidRequest)
	}
	h.recognizes(t, map[string]bool{session: true})

	none := newLogoutHarness(t, func(s *core.Settings) {
		providerToken(func(p *config.ProviderTokenSession) { p.User = config.UserNone })(s)
		s.Database = nil
	})
	none.wantSignal(t, core.Signal{Issuer: none.issuer.URL(), Subject: sub}, false, autherr.NotFound)
}

// Provider tokens may be valid for longer than login_max_age: the end of the session
// at the provider is stored for 30 days.
func TestSignal_ProviderTokenLife(t *testing.T) {
	t.Parallel()
	h := newLogoutHarness(t, providerToken(nil))
	long := func() providertest.Edit { return providertest.Claim("exp", h.clock.Now().Add(60*24*time.Hour).Unix()) }
	ended, other := h.signInOIDC(t, providertest.Claim("sid", "a"), long()), h.signInOIDC(t, providertest.Claim("sid", "b"), long())
	h.wantSignal(t, core.Signal{Issuer: h.issuer.URL(), ProviderSession: "a"}, true, "")
	h.clock.Advance(30*24*time.Hour - time.Second)
	h.recognizes(t, map[string]bool{ended: false, other: true})
	if !strings.Contains(h.log.String(), `"event":"provider_signal"`) {
		t.Error("a signal that concerns no own session is not in the log")
	}
}
