package emulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/provider/emulator"
)

func (b *bench) user(t *testing.T, identifier string) map[string]any {
	t.Helper()
	response := b.serve(t, apiRequest(http.MethodGet, "/api/v0/user?identifier="+identifier, ""))
	wantStatus(t, response, http.StatusOK)
	var got map[string]any
	decode(t, response.Body, &got)
	return got
}

func TestUsers_UnknownHasZeroID(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if got := b.user(t, ada)["ID"]; got != uuid.Nil.String() {
		t.Fatalf("ID %v, want the zero UUID", got)
	}
	b.tokens(t)
	if got := b.user(t, ada); got["ID"] == uuid.Nil.String() || got["identifier"] != ada {
		t.Errorf("after a sign-in: %v", got)
	}
}

func TestUsers_CreateOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	create := apiRequest(http.MethodPost, "/api/v0/user/create?oauth_token=true", `{"identifier":"`+ada+`"}`)
	response := b.serve(t, create)
	wantStatus(t, response, http.StatusOK)
	var created map[string]any
	decode(t, response.Body, &created)
	if created["ID"] != b.user(t, ada)["ID"] || created["oauth_token"] != nil || created["identifiers"] != nil ||
		created["created_at"] != "2026-11-22T10:00:00.000000Z" || created["default_method"] != nil {
		t.Errorf("created %v", created)
	}
	again := apiRequest(http.MethodPost, "/api/v0/user/create", `{"identifier":"`+ada+`"}`)
	wantError(t, b.serve(t, again), http.StatusBadRequest, "User already exists")
}

func TestUsers_FromOptions(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *emulator.Options) { o.Users = []string{ada} })
	if b.user(t, ada)["ID"] == uuid.Nil.String() {
		t.Error("Ada is unknown")
	}
}

func TestUsers_IDDependsOnAPIKey(t *testing.T) {
	t.Parallel()
	prefilled := func(o *emulator.Options) { o.Users = []string{ada} }
	one := newBench(t, prefilled)
	two := newBench(t, prefilled, func(o *emulator.Options) { o.APIKeyID = "another" })
	minted := `{"identifier":"` + ada + `"}`
	if part(t, one.mint(t, minted).Access, 1)["sub"] == part(t, two.mint(t, minted).Access, 1)["sub"] {
		t.Error("the API keys share a user id")
	}
}

func TestUsers_SignInUpdates(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.tokens(t)
	b.advance(time.Hour)
	b.tokens(t)
	if got := b.user(t, ada); got["created_at"] != "2026-11-22T10:00:00.000000Z" || got["updated_at"] != "2026-11-22T11:00:00.000000Z" {
		t.Errorf("user %v", got)
	}
}

func TestUsers_ListRejected(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	wantError(t, b.serve(t, apiRequest(http.MethodGet, "/api/v0/user/list?page=0", "")), http.StatusUnauthorized, "API_SECRET_KEY")
}

func TestNew_RejectsOptions(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*emulator.Options){
		"no API key":           func(o *emulator.Options) { o.APIKeyID = "" },
		"API key with slash":   func(o *emulator.Options) { o.APIKeyID = "a/b" },
		"no issuer":            func(o *emulator.Options) { o.IssuerURL = "" },
		"remote issuer":        func(o *emulator.Options) { o.IssuerURL = "https://emulator.example" },
		"issuer with slash":    func(o *emulator.Options) { o.IssuerURL = issuer + "/" },
		"issuer with query":    func(o *emulator.Options) { o.IssuerURL = issuer + "?a" },
		"relative base path":   func(o *emulator.Options) { o.BasePath = "auth" },
		"base path with slash": func(o *emulator.Options) { o.BasePath = "/auth/" },
		"empty user":           func(o *emulator.Options) { o.Users = []string{""} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := emulator.Options{APIKeyID: apiKey, IssuerURL: issuer}
			if _, err := emulator.New(options); err != nil {
				t.Fatalf("unaltered: %v", err)
			}
			change(&options)
			if _, err := emulator.New(options); err == nil {
				t.Error("want an error")
			}
		})
	}
}
