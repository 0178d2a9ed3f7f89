package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configurationAttacks are problems with which no program starts. What is said
// of each in full is in the testdata of package config.
var configurationAttacks = map[string]attack{
	"C02": {run: refusesToStart(
		mistake{keeping("name = \"__Host-s\"\n domain = \"example.com\""), []edit{atHTTPS}, "cookie.domain"},
		mistake{keeping(`path = "/api"`), []edit{atHTTPS}, `"path" is not expected`},
	)},
	"C03": {run: refusesToStart(
		mistake{keeping(`same_site = "none"`), nil, "cookie.same_site"},
		mistake{keeping(`secure = false`), nil, `"secure" is not expected`},
		mistake{keeping("same_site = \"none\"\n partitioned = true"), nil, "cookie.partitioned"},
	)},
	"G01": {run: refusesToStart(
		mistake{ownSession, []edit{{"api_key_id", "# api_key_id"}}, `"api_key_id" is required`},
		mistake{oidc(edit{"audience", "# audience"}), nil, `"audience" is required`},
		mistake{oidc(edit{`["app"]`, "[]"}), nil, `"audience"`},
		mistake{oidc(edit{`["app"]`, `["app", ""]`}), nil, `"audience"`},
	)},
	"G02": {run: refusesToStart(
		mistake{oidc(edit{"issuer", "# issuer"}), nil, `"issuer" is required`},
		mistake{oidc(edit{"https://accounts.example.com", ""}), nil, `"issuer"`},
	)},
	"G03": {run: refusesToStart(
		mistake{oidc(edit{`["RS256"]`, `["none"]`}), nil, "anybody could sign"},
		mistake{oidc(edit{`["RS256"]`, `["RS256", "HS256"]`}), nil, "anybody could sign"},
		mistake{oidc(edit{`["RS256"]`, `["RS256", "None"]`}), nil, "anybody could sign"},
		mistake{oidc(edit{`["RS256"]`, `[]`}), nil, `"algorithms"`},
	)},
	"G04": {run: refusesToStart(
		mistake{oidc(edit{"https://accounts.example.com", "http://accounts.example.com"}), nil, `"issuer"`},
		mistake{oidc(edit{"algorithms", "jwks_url = \"http://127.0.0.1.evil.example/jwks\"\n algorithms"}), nil, `"jwks_url"`},
		mistake{oidc(edit{"algorithms", "discovery_url = \"http://10.0.0.1/x\"\n algorithms"}), nil, `"discovery_url"`},
	)},
	"G05": {run: refusesToStart(
		mistake{oidc(edit{"audience", "audiance"}), nil, `Did you mean "audience"`},
		mistake{`session "own" { transports = ["cookie"] }`, nil, `Did you mean "transport"`},
	)},
	"G06": {run: refusesToStart(
		mistake{"session \"own\" {\n ttl = \"1h\"\n idle_ttl = \"2h\"\n}", nil, `"idle_ttl"`},
		mistake{`session "own" { ttl = "-1h" }`, nil, `"ttl"`},
		mistake{"session \"own\" {\n idle_ttl = \"-1h\"\n}", nil, `"idle_ttl"`},
		mistake{`session "own" { max_per_user = -1 }`, nil, `"max_per_user"`},
		mistake{ownSession, []edit{{"trust ", "clock_skew = \"121s\"\n trust "}}, `"clock_skew"`},
		mistake{ownSession, []edit{{"trust ", "clock_skew = \"-1s\"\n trust "}}, `"clock_skew"`},
		mistake{ownSession, []edit{{"trust ", "login_max_age = \"-1s\"\n trust "}}, `"login_max_age"`},
		mistake{`session "provider_token" { cache_ttl = "-1s" }`, nil, `"cache_ttl"`},
	)},
	"G07": {run: refusesToStart(
		mistake{ownSession, []edit{{`mode            = "development"`, ""}}, `begin with "https://"`},
		mistake{ownSession, []edit{{"development", "production"}, {ownOrigin, "http://app.example.com"}}, `begin with "https://"`},
	)},
	"G10": {run: refusesToStart(
		mistake{ownSession, []edit{{"trust ", "issuer = env(\"COTTERPIN_TEST_UNSET\")\n trust "}}, "COTTERPIN_TEST_UNSET"},
	)},
	"G11": {run: refusesToStart(
		mistake{oidc() + oidc(), nil, "one name"},
		mistake{oidc() + oidc(edit{`"oidc"`, `"oidc" "other"`}), nil, "same issuer and audience"},
	)},
}

// mistake is a session block, and what may stand beside it, with edits of the
// rest of a configuration, and what a program says of it.
type mistake struct {
	session string
	edits   []edit
	says    string
}

// keeping is a session block whose cookie block has those lines.
func keeping(lines string) string {
	return "session \"own\" {\n transport = [\"cookie\", \"bearer\"]\n cookie {\n " + lines + "\n }\n}"
}

// oidc is a second provider beside an own session.
func oidc(edits ...edit) string {
	block := "provider \"oidc\" {\n issuer = \"https://accounts.example.com\"\n audience = [\"app\"]\n algorithms = [\"RS256\"]\n}\n"
	for _, e := range edits {
		block = strings.Replace(block, e.old, e.instead, 1)
	}
	return block
}

// refusesToStart sees that the configuration is good without a mistake, and that with
// each no program starts, and which line is wrong is said.
func refusesToStart(problems ...mistake) func(*testing.T, *scene) {
	return func(t *testing.T, s *scene) {
		for _, good := range []string{ownSession, oidc() + ownSession} {
			s.program(good)
		}
		s.program(keeping("name = \"__Secure-s\"\n domain = \"example.com\"\n same_site = \"none\"\n partitioned = true"), atHTTPS)
		database := s.backend.create(t)
		for i, m := range problems {
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
			said := strings.Join(strings.Fields(stderr), " ")
			tells := strings.Contains(said, m.says) && strings.Contains(said, filepath.Base(file)+" line ")
			if code != 1 || !tells || strings.Contains(said, "listening") {
				t.Errorf("%s %v: exit code %d, it says\n%s", m.session, m.edits, code, stderr)
			}
		}
	}
}
