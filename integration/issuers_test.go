package integration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// startCorp starts a program with a database of its own, whose only provider is
// an OpenID Connect issuer.
func startCorp(t *testing.T, framework string, issuer *providertest.Issuer, session string, arguments ...string) *program {
	t.Helper()
	database := sqliteFile(t)
	p := start(t, framework, fmt.Sprintf(`
auth {
  mode     = "development"
  base_url = "http://localhost:8080"
}

provider "oidc" "corp" {
  issuer   = %q
  audience = [%q]
  trust    = ["email", "phone"]
  %s
}

%s

%s`, issuer.URL(), providertest.Audience, strings.Join(arguments, "\n  "), session, database.block))
	p.database = database
	return p
}

// linesOf ends the program and returns the lines of its log with that reason.
func (p *program) linesOf(t *testing.T, reason string) (lines []map[string]any) {
	t.Helper()
	p.end(t)
	for line := range strings.Lines(p.log) {
		var members map[string]any
		if json.Unmarshal([]byte(line), &members) == nil && members["reason"] == reason {
			lines = append(lines, members)
		}
	}
	return lines
}

// Cases: T22. Frameworks: nethttp, gin, fiber.
func TestTokenFault_ValuesLogged(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		long := strings.Repeat("a", 300)
		for reason, c := range map[string]struct {
			edit            providertest.Edit
			expected, found string
		}{
			"wrong_issuer":      {providertest.Claim("iss", issuer.URL()+"/"), issuer.URL(), issuer.URL() + "/"},
			"wrong_audience":    {providertest.Claim("aud", long), providertest.Audience, long[:200]},
			"wrong_header_type": {providertest.Header("typ", "a\r\nlevel=ERROR"), "JWT", `a\r\nlevel=ERROR`},
		} {
			p := startCorp(t, framework, issuer, tokenBearer)
			valid := issuer.OIDCToken(ada)
			p.login(t, postedID(valid)).is(t, http.StatusCreated, "")
			p.send(t, "GET", "/api/me", bearer(valid)).is(t, http.StatusOK, "")
			wrong := issuer.OIDCToken(ada, c.edit)
			for _, a := range []reply{p.login(t, postedID(wrong)), p.send(t, "GET", "/api/me", bearer(wrong))} {
				a.is(t, http.StatusUnauthorized, "invalid_token")
				if strings.Contains(a.Body, "expected") || strings.Contains(a.Body, c.found) {
					t.Errorf("%s: the response contains the values: %s", reason, a.Body)
				}
			}
			lines := p.linesOf(t, reason)
			if len(lines) != 2 {
				t.Errorf("%s: %d lines of the log, want 2", reason, len(lines))
			}
			for _, line := range lines {
				if line["expected"] != c.expected || line["found"] != c.found {
					t.Errorf("%s: the log has expected %q, found %q, want %q and %q", reason, line["expected"], line["found"], c.expected, c.found)
				}
			}
		}
	})
}

// Cases: T22. Frameworks: nethttp, gin, fiber.
func TestDiscoveryFault_ValuesLogged(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		startCorp(t, framework, issuer, ownSession).login(t, postedID(issuer.OIDCToken(ada))).is(t, http.StatusCreated, "")
		issuer.SetDiscovery("issuer", issuer.URL()+"/")
		p := startCorp(t, framework, issuer, ownSession)
		p.login(t, postedID(issuer.OIDCToken(ada))).is(t, http.StatusServiceUnavailable, "temporarily_unavailable")
		p.end(t)
		if want := fmt.Sprintf(`expected \"%[1]s\", found \"%[1]s/\"`, issuer.URL()); !strings.Contains(p.log, want) {
			t.Errorf("the log does not contain %s:\n%s", want, p.log)
		}
	})
}
