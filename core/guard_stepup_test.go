package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// rejects checks the code and the WWW-Authenticate of a refusal.
func (h *harness) rejects(t *testing.T, g core.Guard, token, code, challenge string) {
	t.Helper()
	_, refusal := h.authorize(t, g, token)
	if refusal == nil {
		t.Fatalf("%+v: admitted", g)
	}
	status := 401
	if code == "insufficient_scope" {
		status = 403
	}
	is(t, *refusal, status, code)
	if got, want := field(*refusal, "Www-Authenticate"), `Bearer realm="cotterpin", error=`+challenge; got != want {
		t.Errorf("%+v:\n got %s\nwant %s", g, got, want)
	}
}

// Cases: T15.
func TestGuard_Scopes(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		for name, scope := range map[string]providertest.Edit{
			"words": providertest.Claim("scope", "openid read:x  write:x"),
			"list":  providertest.Claim("scope", []string{"openid", "read:x", "write:x"}),
		} {
			t.Run(strategy+" "+name, func(t *testing.T) {
				t.Parallel()
				h := newOIDCHarness(t, strategy, []string{"scope"}, nil)
				token := h.signInOIDC(t, scope)
				h.admits(t, core.Guard{Scopes: []string{"read:x"}}, token, "")
				h.admits(t, core.Guard{Scopes: []string{"write:x", "openid"}}, token, "")
				h.admits(t, core.Guard{Claims: map[string]string{"scope": "read:x"}}, token, "")
				for _, scopes := range [][]string{{"read"}, {"read:x", "delete:x"}, {""}, {"openid read:x"}, {"Read:x"}} {
					h.rejects(t, core.Guard{Scopes: scopes}, token, "insufficient_scope", `"insufficient_scope"`)
				}
				h.admits(t, core.Guard{Scopes: []string{"openid"}}, h.signInOIDC(t, providertest.Claim("scope", nil)), "insufficient_scope")
			})
		}
	}
}

// Cases: T25.
func TestGuard_StepUp(t *testing.T) {
	t.Parallel()
	for _, strategy := range strategies {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			h := newOIDCHarness(t, strategy, nil, nil)
			strong := h.signInOIDC(t, providertest.Claim("acr", "urn:example:gold"), providertest.Claim("amr", []string{"pwd", "hwk"}))
			weak := h.signInOIDC(t, providertest.Claim("acr", "urn:example:silver"), providertest.Claim("amr", []string{"pwd"}))
			none := h.signInOIDC(t)
			number := h.signInOIDC(t, providertest.Claim("acr", 2))
			h.admits(t, core.Guard{ACR: []string{"2"}}, number, "")
			const challenge = `"insufficient_user_authentication", `
			for _, c := range []struct {
				guard     core.Guard
				challenge string
			}{
				{core.Guard{ACR: []string{"urn:example:platinum", "urn:example:gold"}}, `acr_values="urn:example:platinum urn:example:gold"`},
				{core.Guard{AuthMethods: []string{"hwk", "fpt"}}, `acr_values="hwk fpt"`},
				{core.Guard{ACR: []string{"urn:example:gold"}, AuthMethods: []string{"hwk"}, MaxAge: time.Minute}, `acr_values="urn:example:gold hwk", max_age="60"`},
				{core.Guard{ACR: []string{"urn:example:gold", "with space", `with"quote`, "é"}}, `acr_values="urn:example:gold"`},
			} {
				h.admits(t, c.guard, strong, "")
				for _, token := range []string{weak, none, number} {
					h.rejects(t, c.guard, token, "reauthentication_required", challenge+c.challenge)
				}
			}
			h.rejects(t, core.Guard{ACR: []string{"x"}, Providers: []string{"elsewhere"}}, strong, "insufficient_scope", `"insufficient_scope"`)
		})
	}
}

// Cases: T26.
func TestGuard_RequireAuthTime(t *testing.T) {
	t.Parallel()
	lenient := core.Guard{MaxAge: 10 * time.Minute}
	strict := core.Guard{MaxAge: 10 * time.Minute, RequireAuthTime: true}
	const challenge = `"insufficient_user_authentication"`
	for _, strategy := range strategies {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			h := newOIDCHarness(t, strategy, []string{"auth_time"}, nil)
			now := h.clock.Now().Unix()
			signed := h.signInOIDC(t, providertest.Claim("auth_time", now-60))
			h.admits(t, strict, signed, "")
			h.admits(t, core.Guard{RequireAuthTime: true}, signed, "")

			for name, authTime := range map[string]any{"none": nil, "a string": "1", "zero": 0, "in the future": now + 600} {
				renewed := h.signInOIDC(t, providertest.Claim("auth_time", authTime))
				if strategy == config.StrategyOwn {
					h.admits(t, lenient, renewed, "") // counts from iat
				}
				t.Log(name)
				h.rejects(t, strict, renewed, "reauthentication_required", challenge+`, max_age="600"`)
				h.rejects(t, core.Guard{RequireAuthTime: true}, renewed, "reauthentication_required", challenge)
			}
			h.clock.Advance(9*time.Minute + time.Second)
			h.rejects(t, strict, signed, "reauthentication_required", challenge+`, max_age="600"`)
			h.admits(t, core.Guard{RequireAuthTime: true}, signed, "")
		})
	}
}

func TestCheckGuard_Claims(t *testing.T) {
	t.Parallel()
	const event = "guard_cannot_be_met"
	for name, c := range map[string]struct {
		keeps []string
		guard core.Guard
		want  [2]bool // warned of with own sessions, with the provider's tokens
	}{
		"kept":             {[]string{"/realm_access/roles"}, core.Guard{Claims: map[string]string{"/realm_access/roles/0": "x"}}, [2]bool{false, false}},
		"parent kept":      {[]string{"realm_access"}, core.Guard{Claims: map[string]string{"/realm_access/roles": "x"}}, [2]bool{false, false}},
		"acr":              {nil, core.Guard{Claims: map[string]string{"acr": "x"}, ACR: []string{"y"}}, [2]bool{false, false}},
		"sibling kept":     {[]string{"/realm_access/roles"}, core.Guard{Claims: map[string]string{"/realm_access/groups": "x"}}, [2]bool{true, false}},
		"malformed":        {[]string{"a"}, core.Guard{Claims: map[string]string{"/a/~2": "x"}}, [2]bool{true, true}},
		"empty":            {[]string{"a"}, core.Guard{Claims: map[string]string{"": "x"}}, [2]bool{true, true}},
		"registered":       {[]string{"a"}, core.Guard{Claims: map[string]string{"aud": "x"}}, [2]bool{true, true}},
		"in a registered":  {[]string{"a"}, core.Guard{Claims: map[string]string{"/aud/0": "x"}}, [2]bool{true, true}},
		"scope kept":       {[]string{"scope"}, core.Guard{Scopes: []string{"x"}}, [2]bool{false, false}},
		"scp kept":         {[]string{"scp"}, core.Guard{Scopes: []string{"x"}}, [2]bool{false, false}},
		"scope is missing": {[]string{"a"}, core.Guard{Scopes: []string{"x"}}, [2]bool{true, false}},
		"two words":        {[]string{"scope"}, core.Guard{Scopes: []string{"x y"}}, [2]bool{true, true}},
		"two words, claim": {[]string{"scope"}, core.Guard{Claims: map[string]string{"/scope": "x y"}}, [2]bool{true, true}},
	} {
		for i, strategy := range strategies {
			t.Run(name+" "+strategy, func(t *testing.T) {
				t.Parallel()
				h := newOIDCHarness(t, strategy, c.keeps, nil)
				h.log.Reset()
				h.kit.Adapter().CheckGuard(c.guard)
				if got := strings.Count(h.log.String(), event); got != 0 != c.want[i] || got > 1 {
					t.Errorf("%d warnings, want some: %t: %s", got, c.want[i], h.log)
				}
			})
		}
	}
}
