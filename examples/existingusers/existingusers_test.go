package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// TestAuth_Size counts the lines of auth.go after the imports that are neither empty
// nor a comment.
func TestAuth_Size(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("auth.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(text), "\n)\n")
	count := 0
	for line := range strings.Lines(code) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			count++
		}
	}
	if count < 10 || count > 40 {
		t.Errorf("auth.go has %d lines, want at most 40", count)
	}
}

func TestLogin_FindsPerson(t *testing.T) {
	t.Parallel()
	p := open(t)
	for email, want := range map[string]string{
		"person-7@example.com":    `{"orders":["Teapot for Person 7"],"user_id":"7"}`,
		"PERSON-8@EXAMPLE.com":    `{"orders":["Teapot for Person 8"],"user_id":"8"}`,
		"person-1000@example.com": `{"orders":["Teapot for Person 1000"],"user_id":"1000"}`,
		"grace@example.com":       `{"orders":[],"user_id":"1003"}`, // a new customer
	} {
		for _, status := range []int{http.StatusCreated, http.StatusOK} {
			c := p.newClient(t)
			c.signIn(t, email, "OTP", status, "")
			if got := c.get(t, "/api/orders"); got != want {
				t.Errorf("%s: got %s, want %s", email, got, want)
			}
		}
	}
	if got := p.count(t); got != (rows{1003, 4}) {
		t.Errorf("got %+v, want one row more, and four users", got)
	}
}

func TestLogin_Refused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		email, method string
		status        int
		code          string
	}{
		"unverified":          {"person-7@example.com", "WEBAUTHN", http.StatusForbidden, "email_not_verified"},
		"unverified and new":  {"grace@example.com", "WEBAUTHN", http.StatusForbidden, "email_not_verified"},
		"phone number":        {"+4915112345678", "OTP", http.StatusForbidden, "email_not_verified"},
		"ambiguous":           {"kim@example.com", "OTP", http.StatusConflict, "email_ambiguous"},
		"ambiguous otherwise": {"KIM@example.com", "OTP", http.StatusConflict, "email_ambiguous"},
		"taken":               {"person-9@example.com", "OTP", http.StatusConflict, "account_taken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t)
			p.newClient(t).signIn(t, "Person-9@example.com", "OTP", http.StatusCreated, "")
			before := p.count(t)
			client := p.newClient(t)
			client.signIn(t, c.email, c.method, c.status, c.code)
			if got := p.count(t); got != before {
				t.Errorf("the refused login wrote: %+v, then %+v", before, got)
			}
			if !strings.Contains(p.newClient(t).get(t, "/page.js"), c.code+":") {
				t.Errorf("the page does not explain %s", c.code)
			}
			if got := client.get(t, "/api/orders"); !strings.Contains(got, `"unauthenticated"`) {
				t.Errorf("the client reads %s", got)
			}
		})
	}
}

func TestPage_Served(t *testing.T) {
	t.Parallel()
	c := open(t).newClient(t)
	if got := c.get(t, "/"); !strings.Contains(got, `src="page.js"`) {
		t.Errorf("the page is %s", got)
	}
}

// program is the application on a new SQLite file.
type program struct {
	shop

	origin string
}

func open(t *testing.T) *program {
	t.Helper()
	settings, err := load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	settings.Database = sqlite.Database(sqlite.Settings{Path: filepath.Join(t.TempDir(), "existingusers.db"), Migrate: "apply"})
	s, err := openShop(t.Context(), settings.Database)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	settings.Auth.BaseURL = "http://" + server.Listener.Addr().String()
	kit, err := core.New(t.Context(), settings, core.WithOnRegister(findPerson))
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = handler(kit, s)
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := kit.Close(); err != nil {
			t.Error(err)
		}
		s.db.Close()
	})
	return &program{s, server.URL}
}

// rows are the number of rows of users and of auth_users.
type rows struct{ people, users int }

func (p *program) count(t *testing.T) (r rows) {
	t.Helper()
	const query = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM auth_users)"
	if err := p.db.QueryRowContext(t.Context(), query).Scan(&r.people, &r.users); err != nil {
		t.Fatal(err)
	}
	return r
}

// client is a browser.
type client struct {
	origin string
	http   http.Client
}

func (p *program) newClient(t *testing.T) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &client{p.origin, http.Client{Jar: jar}}
}

// signIn logs in with tokens of the emulator, and demands a status and a code.
func (c *client) signIn(t *testing.T, identifier, method string, status int, code string) {
	t.Helper()
	mint := fmt.Sprintf(`{"identifier":%q,"access":{"authentication_method":%q}}`, identifier, method)
	_, tokens := c.post(t, "/auth/emulator/_emulator/mint", mint)
	got, body := c.post(t, "/auth/login", fmt.Sprintf(`{"oauth_token":%s}`, tokens))
	var problem struct{ Code string }
	if err := json.Unmarshal([]byte(body), &problem); err != nil {
		t.Fatal(err)
	}
	if got != status || problem.Code != code {
		t.Fatalf("%s by %s: got %d %s, want %d %s", identifier, method, got, body, status, code)
	}
}

func (c *client) post(t *testing.T, path, body string) (status int, received string) {
	t.Helper()
	response, err := c.http.Post(c.origin+path, "application/json", bytes.NewReader([]byte(body)))
	return read(t, response, err)
}

func (c *client) get(t *testing.T, path string) string {
	t.Helper()
	response, err := c.http.Get(c.origin + path)
	_, body := read(t, response, err)
	return body
}

func read(t *testing.T, response *http.Response, err error) (status int, body string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(content))
}
