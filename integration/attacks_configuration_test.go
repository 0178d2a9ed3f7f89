package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configurationAttacks are invalid configurations. The diagnostics are tested
// in package configfile.
var configurationAttacks = map[string]attack{
	"C02": {run: failsToStart(
		invalidConfig{cookieBlock("name = \"__Host-s\"\n domain = \"example.com\""), []edit{atHTTPS}, "cookie.domain"},
		invalidConfig{cookieBlock(`path = "/api"`), []edit{atHTTPS}, `"path" is not expected`},
	)},
	"C03": {run: failsToStart(
		invalidConfig{cookieBlock(`same_site = "none"`), nil, "cookie.same_site"},
		invalidConfig{cookieBlock(`secure = false`), nil, `"secure" is not expected`},
		invalidConfig{cookieBlock("same_site = \"none\"\n partitioned = true"), nil, "cookie.partitioned"},
	)},
	"G01": {run: failsToStart(
		invalidConfig{ownSession, []edit{{"api_key_id", "# api_key_id"}}, `"api_key_id" is required`},
		invalidConfig{oidc(edit{"audience", "# audience"}), nil, `"audience" is required`},
		invalidConfig{oidc(edit{`["app"]`, "[]"}), nil, `"audience"`},
		invalidConfig{oidc(edit{`["app"]`, `["app", ""]`}), nil, `"audience"`},
	)},
	"G02": {run: failsToStart(
		invalidConfig{oidc(edit{"issuer", "# issuer"}), nil, `"issuer" is required`},
		invalidConfig{oidc(edit{"https://accounts.example.com", ""}), nil, `"issuer"`},
	)},
	"G03": {run: failsToStart(
		invalidConfig{oidc(edit{`["RS256"]`, `["none"]`}), nil, "could sign"},
		invalidConfig{oidc(edit{`["RS256"]`, `["RS256", "HS256"]`}), nil, "could sign"},
		invalidConfig{oidc(edit{`["RS256"]`, `["RS256", "None"]`}), nil, "could sign"},
		invalidConfig{oidc(edit{`["RS256"]`, `[]`}), nil, `"algorithms"`},
	)},
	"G04": {run: failsToStart(
		invalidConfig{oidc(edit{"https://accounts.example.com", "http://accounts.example.com"}), nil, `"issuer"`},
		invalidConfig{oidc(edit{"algorithms", "jwks_url = \"http://127.0.0.1.evil.example/jwks\"\n algorithms"}), nil, `"jwks_url"`},
		invalidConfig{oidc(edit{"algorithms", "discovery_url = \"http://10.0.0.1/x\"\n algorithms"}), nil, `"discovery_url"`},
	)},
	"G05": {run: failsToStart(
		invalidConfig{oidc(edit{"audience", "audiance"}), nil, `Did you mean "audience"`},
		invalidConfig{`session "own" { transports = ["cookie"] }`, nil, `Did you mean "transport"`},
	)},
	"G06": {run: failsToStart(
		invalidConfig{"session \"own\" {\n ttl = \"1h\"\n idle_ttl = \"2h\"\n}", nil, `"idle_ttl"`},
		invalidConfig{`session "own" { ttl = "-1h" }`, nil, `"ttl"`},
		invalidConfig{"session \"own\" {\n idle_ttl = \"-1h\"\n}", nil, `"idle_ttl"`},
		invalidConfig{`session "own" { max_per_user = -1 }`, nil, `"max_per_user"`},
		invalidConfig{ownSession, []edit{{"trust ", "clock_skew = \"121s\"\n trust "}}, `"clock_skew"`},
		invalidConfig{ownSession, []edit{{"trust ", "clock_skew = \"-1s\"\n trust "}}, `"clock_skew"`},
		invalidConfig{ownSession, []edit{{"trust ", "login_max_age = \"-1s\"\n trust "}}, `"login_max_age"`},
		invalidConfig{`session "provider_token" { cache_ttl = "-1s" }`, nil, `"cache_ttl"`},
	)},
	"G07": {run: failsToStart(
		invalidConfig{ownSession, []edit{{`mode            = "development"`, ""}}, `begin with "https://"`},
		invalidConfig{ownSession, []edit{{"development", "production"}, {ownOrigin, "http://app.example.com"}}, `begin with "https://"`},
	)},
	"G10": {run: failsToStart(
		invalidConfig{ownSession, []edit{{"trust ", "issuer = env(\"COTTERPIN_TEST_UNSET\")\n trust "}}, "COTTERPIN_TEST_UNSET"},
	)},
	"G11": {run: failsToStart(
		invalidConfig{oidc() + oidc(), nil, "Duplicate provider name"},
		invalidConfig{oidc() + oidc(edit{`"oidc"`, `"oidc" "other"`}), nil, "same issuer and audience"},
	)},
}

// invalidConfig is a session block, other edits of a valid configuration, and
// the expected part of the diagnostics.
type invalidConfig struct {
	session string
	edits   []edit
	want    string
}

// cookieBlock returns a session block whose cookie block contains lines.
func cookieBlock(lines string) string {
	return "session \"own\" {\n transport = [\"cookie\", \"bearer\"]\n cookie {\n " + lines + "\n }\n}"
}

// oidc is a second provider and an own session.
func oidc(edits ...edit) string {
	block := "provider \"oidc\" {\n issuer = \"https://accounts.example.com\"\n audience = [\"app\"]\n algorithms = [\"RS256\"]\n}\n"
	for _, e := range edits {
		block = strings.Replace(block, e.old, e.instead, 1)
	}
	return block
}

// failsToStart checks that the valid configuration starts a program, that the
// invalid ones do not, and that the diagnostics name the line.
func failsToStart(invalid ...invalidConfig) func(*testing.T, *scene) {
	return func(t *testing.T, s *scene) {
		for _, valid := range []string{ownSession, oidc() + ownSession} {
			s.program(valid)
		}
		s.program(cookieBlock("name = \"__Secure-s\"\n domain = \"example.com\"\n same_site = \"none\"\n partitioned = true"), atHTTPS)
		database := s.backend.create(t)
		for i, m := range invalid {
			session := m.session
			if !strings.Contains(session, "session ") {
				session += ownSession
			}
			file := filepath.Join(t.TempDir(), fmt.Sprintf("%d.hcl", i))
			text := edited(t, configurationOn(database.block, s.issuer(), session), m.edits)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			code, stderr := runBriefly(t, s.framework, "-addr", "127.0.0.1:0", "-config", file)
			stderr = strings.Join(strings.Fields(stderr), " ")
			reported := strings.Contains(stderr, m.want) && strings.Contains(stderr, filepath.Base(file)+" line ")
			if code != 1 || !reported || strings.Contains(stderr, "listening") {
				t.Errorf("%s %v: exit code %d\n%s", m.session, m.edits, code, stderr)
			}
		}
	}
}
