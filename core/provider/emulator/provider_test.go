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
	"github.com/cotterpin/cotterpin/core/web"
)

func newEnv(t *testing.T, change ...func(*provider.Env)) provider.Env {
	t.Helper()
	client, err := provider.NewHTTPClient(nil, "", unreachable{})
	if err != nil {
		t.Fatal(err)
	}
	env := provider.Env{
		Name:        "emulator",
		Common:      provider.DefaultCommon(),
		Development: true,
		BaseURL:     "http://localhost:8080",
		MountPath:   "/auth/emulator",
		HTTPClient:  client,
		Now:         time.Now,
		Log:         slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&env)
	}
	return env
}

// unreachable is the network, which the emulator does not need.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("the network was used")
}

// kitProvider is an opened `provider "emulator"`.
type kitProvider struct {
	provider.Provider
	provider.Checker
	provider.Refresher
	provider.Issuers
	routes web.Handler
}

func openProvider(t *testing.T, env provider.Env) kitProvider {
	t.Helper()
	opened, err := emulator.Type.Open(t.Context(), emulator.Type.NewSettings(), env)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return kitProvider{
		opened,
		opened.(provider.Checker),
		opened.(provider.Refresher),
		opened.(provider.Issuers),
		opened.(provider.Routes).Routes(),
	}
}

func (p kitProvider) post(t *testing.T, path, body string) web.Response {
	t.Helper()
	return p.routes.Serve(t.Context(), request(http.MethodPost, path, body))
}

func (p kitProvider) mint(t *testing.T) tokens {
	t.Helper()
	answer := p.post(t, "/_emulator/mint", `{"identifier":"`+ada+`"}`)
	wantStatus(t, answer, http.StatusOK)
	var got tokens
	decode(t, answer.Body, &got)
	return got
}

func credential(issued tokens) provider.Credential {
	return provider.Credential{AccessToken: issued.Access, IDToken: issued.ID}
}

func TestTheProviderVerifiesWhatItsEmulatorSigns(t *testing.T) {
	t.Parallel()
	p := openProvider(t, newEnv(t))
	if err := p.Check(t.Context()); err != nil {
		t.Fatalf("Check: %v", err)
	}
	got, err := p.Verify(t.Context(), credential(p.mint(t)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Issuer != "http://localhost:8080/auth/emulator" || got.Identifier != ada || got.AuthMethod != "OTP" ||
		got.Email != (identity.Contact{Value: ada, Verification: identity.Verified}) {
		t.Errorf("identity %+v", got)
	}
	issuers := p.Issuers.Issuers()
	if len(issuers) != 1 || issuers[0].Issuer != got.Issuer || issuers[0].Audience[0] != emulator.APIKeyID {
		t.Errorf("issuers %+v", issuers)
	}
}

func TestTrustInTheBlockStaysAsItIs(t *testing.T) {
	t.Parallel()
	p := openProvider(t, newEnv(t, func(e *provider.Env) { e.Common.Trust = []string{"phone"} }))
	got, err := p.Verify(t.Context(), credential(p.mint(t)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Email.Value != ada || got.Email.Verification == identity.Verified {
		t.Errorf("e-mail %+v", got.Email)
	}
}

func TestTheProviderRefreshesInTheProcess(t *testing.T) {
	t.Parallel()
	p := openProvider(t, newEnv(t))
	old := p.mint(t)
	refreshed, err := p.Refresh(t.Context(), old.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Verify(t.Context(), refreshed.Credential); err != nil {
		t.Errorf("Verify: %v", err)
	}
	if refreshed.RefreshToken == old.Refresh {
		t.Error("the refresh token is the same")
	}
	if _, err := p.Refresh(t.Context(), old.Refresh); autherr.CodeOf(err) != autherr.InvalidToken {
		t.Errorf("the old one: %v", err)
	}
}

func TestTheProviderSeesFaultsOfTheKeySet(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"500", "garbage", "huge", "empty"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			healthy := openProvider(t, newEnv(t))
			if _, err := healthy.Verify(t.Context(), credential(healthy.mint(t))); err != nil {
				t.Fatalf("without the fault: %v", err)
			}
			faulty := openProvider(t, newEnv(t))
			wantStatus(t, faulty.post(t, "/_emulator/faults", `{"jwks":"`+mode+`"}`), http.StatusNoContent)
			if _, err := faulty.Verify(t.Context(), credential(faulty.mint(t))); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
				t.Errorf("with the fault: %v", err)
			}
		})
	}
}

func TestTheProviderFollowsARotation(t *testing.T) {
	t.Parallel()
	p := openProvider(t, newEnv(t))
	if _, err := p.Verify(t.Context(), credential(p.mint(t))); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, p.post(t, "/_emulator/faults", `{"rotate":true,"drop_old":true}`), http.StatusNoContent)
	if _, err := p.Verify(t.Context(), credential(p.mint(t))); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
}

func TestTheFileIsRefusedWithAWayOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings emulator.Settings
		change   func(*provider.Env)
		argument string
		wayOut   string
	}{
		"Production":       {emulator.Settings{}, func(e *provider.Env) { e.Development = false }, "", `mode = "development"`},
		"ProductionRemote": {emulator.Settings{InsecureRemote: true}, func(e *provider.Env) { e.Development = false }, "", `mode = "development"`},
		"Elsewhere":        {emulator.Settings{}, func(e *provider.Env) { e.BaseURL = "https://app.example.com" }, "", "insecure_remote = true"},
		"EmptyUser":        {emulator.Settings{Users: []string{ada, ""}}, func(*provider.Env) {}, "users", "an identifier is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := newEnv(t)
			if problems := emulator.Type.Validate(emulator.Type.NewSettings(), env); len(problems) != 0 {
				t.Fatalf("unaltered: %v", problems)
			}
			c.change(&env)
			problems := emulator.Type.Validate(&c.settings, env)
			if len(problems) != 1 || problems[0].Argument != c.argument || !strings.Contains(problems[0].Message, c.wayOut) {
				t.Errorf("problems %v", problems)
			}
			if _, err := emulator.Type.Open(t.Context(), &c.settings, env); err == nil {
				t.Error("it opens nevertheless")
			}
		})
	}
}

func TestInsecureRemoteTakesAnyBaseURL(t *testing.T) {
	t.Parallel()
	env := newEnv(t, func(e *provider.Env) { e.BaseURL = "http://dev.example.com:8080" })
	opened, err := emulator.Type.Open(t.Context(), &emulator.Settings{InsecureRemote: true}, env)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.(provider.Checker).Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
}
