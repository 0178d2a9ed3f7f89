package core_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
)

// HTTP.md lists every route and every problem code, and no others.

func TestHTTPDocument_Routes(t *testing.T) {
	t.Parallel()
	document := readDocument(t)
	want := map[string]bool{}
	for _, edit := range []func(*core.Settings){nil, jwtSessions, func(s *core.Settings) {
		s.Own, s.ProviderToken = nil, &config.ProviderTokenSession{}
	}, func(s *core.Settings) {
		corp := oidc.Settings{Issuer: "https://id.example.com", Audience: []string{"web"}, ClientID: "web"}
		s.Providers = append(s.Providers, oidc.Provider("name", corp))
	}} {
		for _, e := range newHarness(t, edit).kit.Endpoints() {
			want[fmt.Sprintf("| `%s %s` |", e.Method, strings.Replace(strings.TrimPrefix(e.Path, "/auth"), "/name", "/NAME", 1))] = true
		}
	}
	for row := range want {
		if !strings.Contains(document, row) {
			t.Errorf("HTTP.md has no row %s", row)
		}
	}
	if rows := strings.Count(document, "\n| `GET /") + strings.Count(document, "\n| `POST /"); rows != len(want) {
		t.Errorf("HTTP.md has %d routes, want %d", rows, len(want))
	}
}

func TestHTTPDocument_Codes(t *testing.T) {
	t.Parallel()
	document := readDocument(t)
	codes := autherr.Codes()
	for _, code := range codes {
		if row := fmt.Sprintf("| `%s` | %d |", code, code.Status()); !strings.Contains(document, row) {
			t.Errorf("HTTP.md has no row %s", row)
		}
	}
	_, problems, _ := strings.Cut(document, "## Problems")
	if rows := strings.Count(problems, "\n| `"); rows != len(codes) {
		t.Errorf("HTTP.md has %d codes, want %d", rows, len(codes))
	}
}

func readDocument(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("HTTP.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
