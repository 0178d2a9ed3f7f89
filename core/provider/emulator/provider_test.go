package emulator_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/core/token"
	"github.com/cotterpin/cotterpin/core/web"
)

// openProvider opens `provider "emulator"` as the kit does.
func openProvider(t *testing.T, s emulator.Settings, options ...provider.Option) kitProvider {
	t.Helper()
	opened, err := providertest.Open(t, emulator.Provider("", s, options...), nil)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return kitProvider{opened}
}

// kitProvider is an opened `provider "emulator"`.
type kitProvider struct{ *providertest.Opened }

func (p kitProvider) post(t *testing.T, path, body string) web.Response {
	t.Helper()
	return p.Routes().Serve(t.Context(), request(http.MethodPost, path, body))
}

func (p kitProvider) mint(t *testing.T) tokens {
	t.Helper()
	response := p.post(t, "/_emulator/mint", `{"identifier":"`+ada+`"}`)
	wantStatus(t, response, http.StatusOK)
	var got tokens
	decode(t, response.Body, &got)
	return got
}

// login verifies a new sign-in of ada.
func (p kitProvider) login(t *testing.T) (identity.Identity, error) {
	t.Helper()
	issued := p.mint(t)
	return p.Login(t.Context(), provider.Tokens{AccessToken: issued.Access, IDToken: issued.ID})
}

func TestType_Login(t *testing.T) {
	t.Parallel()
	p := openProvider(t, emulator.Settings{})
	if err := p.Ready(t.Context()); err != nil {
		t.Fatalf("ready: %v", err)
	}
	got, err := p.login(t)
	if err != nil {
		t.Fatal(err)
	}
	if got.Issuer != "http://localhost:8080/auth/emulator" || got.Identifier != ada || got.AuthMethod != "OTP" ||
		len(got.Audience) != 1 || got.Audience[0] != emulator.APIKeyID {
		t.Errorf("identity %+v", got)
	}
}

func TestType_Trust(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trust []string
		want  identity.Verification
	}{
		"omitted": {nil, identity.Verified},
		"email":   {[]string{"email"}, identity.Verified},
		"phone":   {[]string{"phone"}, identity.Unverified},
	} {
		got, err := openProvider(t, emulator.Settings{}, provider.Trust(c.trust...)).login(t)
		if want := (identity.Contact{Value: ada, Verification: c.want}); err != nil || got.Email != want {
			t.Errorf("%s: email %+v and %v, want %+v", name, got.Email, err, want)
		}
	}
}

func TestType_Refresh(t *testing.T) {
	t.Parallel()
	p := openProvider(t, emulator.Settings{})
	old := p.mint(t)
	refreshed, err := p.Refresher().Refresh(t.Context(), old.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Login(t.Context(), refreshed.Tokens); err != nil {
		t.Errorf("login with the new tokens: %v", err)
	}
	if refreshed.RefreshToken == old.Refresh {
		t.Error("the refresh token is the same")
	}
	if _, err := p.Refresher().Refresh(t.Context(), old.Refresh); autherr.CodeOf(err) != autherr.InvalidToken {
		t.Errorf("the old one: %v", err)
	}
}

func TestType_KeyFaults(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"500", "garbage", "huge", "empty"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if _, err := openProvider(t, emulator.Settings{}).login(t); err != nil {
				t.Fatalf("without the fault: %v", err)
			}
			faulty := openProvider(t, emulator.Settings{})
			wantStatus(t, faulty.post(t, "/_emulator/faults", `{"jwks":"`+mode+`"}`), http.StatusNoContent)
			if _, err := faulty.login(t); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
				t.Errorf("with the fault: %v", err)
			}
		})
	}
}

func TestType_KeyRotation(t *testing.T) {
	t.Parallel()
	p := openProvider(t, emulator.Settings{})
	if _, err := p.login(t); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, p.post(t, "/_emulator/faults", `{"rotate":true,"drop_old":true}`), http.StatusNoContent)
	if _, err := p.login(t); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
}

func newEnv() provider.Env {
	return provider.Env{
		Name:        "emulator",
		Development: true,
		BaseURL:     "http://localhost:8080",
		MountPath:   "/auth/emulator",
		HTTPClient:  &http.Client{Transport: unreachable{}},
		Now:         time.Now,
		Log:         slog.New(slog.DiscardHandler),
	}
}

// unreachable is the network, which the emulator does not use.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("the network was used")
}

func TestOpen_NoNetwork(t *testing.T) {
	t.Parallel()
	opened, err := emulator.Type.Open(t.Context(), &emulator.Settings{}, newEnv())
	if err != nil {
		t.Fatal(err)
	}
	_, err = opened.Rules().Keys.Key(t.Context(), token.KeyQuery{ID: "unknown", Algorithm: "ES256"})
	if autherr.CodeOf(err) != autherr.InvalidToken {
		t.Errorf("an unknown key of the emulator: %v, want %s", err, autherr.InvalidToken)
	}
}

func TestValidate_Problems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings emulator.Settings
		change   func(*provider.Env)
		argument string
		fix      string
	}{
		"Production":       {emulator.Settings{}, func(e *provider.Env) { e.Development = false }, "", `mode = "development"`},
		"ProductionRemote": {emulator.Settings{InsecureRemote: true}, func(e *provider.Env) { e.Development = false }, "", `mode = "development"`},
		"Elsewhere":        {emulator.Settings{}, func(e *provider.Env) { e.BaseURL = "https://app.example.com" }, "", "insecure_remote = true"},
		"EmptyUser":        {emulator.Settings{Users: []string{ada, ""}}, func(*provider.Env) {}, "users", "an identifier is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := newEnv()
			if problems := emulator.Type.Validate(emulator.Type.NewSettings(), env); len(problems) != 0 {
				t.Fatalf("unaltered: %v", problems)
			}
			c.change(&env)
			problems := emulator.Type.Validate(&c.settings, env)
			if len(problems) != 1 || problems[0].Argument != c.argument || !strings.Contains(problems[0].Message, c.fix) {
				t.Errorf("problems %v", problems)
			}
			if _, err := emulator.Type.Open(t.Context(), &c.settings, env); err == nil {
				t.Error("Open returned no error")
			}
		})
	}
}

func TestValidate_InsecureRemote(t *testing.T) {
	t.Parallel()
	env := newEnv()
	env.BaseURL = "http://dev.example.com:8080"
	if _, err := emulator.Type.Open(t.Context(), &emulator.Settings{InsecureRemote: true}, env); err != nil {
		t.Fatal(err)
	}
}
