package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestApplication_OwnFieldsAndEdges(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	c.signIn(t, "ada@example.com")
	c.expect(t, "GET", "/api/profile", http.StatusOK, `{"nickname":null,"notes":["Welcome!"]}`)
	c.expect(t, "PUT", "/api/profile/Countess", http.StatusNoContent, "")
	c.expect(t, "POST", "/api/notes", http.StatusCreated, `{"note":"x"}`)
	c.expect(t, "GET", "/api/profile", http.StatusOK, `{"nickname":"Countess","notes":["Welcome!","x"]}`)

	c.signIn(t, "grace@example.com")
	c.expect(t, "GET", "/api/profile", http.StatusOK, `{"nickname":null,"notes":["Welcome!"]}`)
	c.signIn(t, "ada@example.com")
	c.expect(t, "GET", "/api/profile", http.StatusOK, `{"nickname":"Countess","notes":["Welcome!","x"]}`)
}

func TestApplication_Reopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "entuser.db")
	for range 2 {
		app := openMigrated(t, path)
		if err := app.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func openMigrated(t *testing.T, path string) *application {
	t.Helper()
	migrating.Lock()
	defer migrating.Unlock()
	app, err := openApplication(t.Context(), path, "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// client is a client of the application with its cookies.
type client struct {
	origin string
	http   http.Client
}

func newClient(t *testing.T) *client {
	t.Helper()
	app := openMigrated(t, filepath.Join(t.TempDir(), "entuser.db"))
	server := httptest.NewServer(app.handler())
	t.Cleanup(func() {
		server.Close()
		if err := app.close(); err != nil {
			t.Error(err)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &client{server.URL, http.Client{Jar: jar}}
}

// signIn logs in with tokens that the emulator has minted.
func (c *client) signIn(t *testing.T, identifier string) {
	t.Helper()
	minted := c.send(t, "POST", "/auth/emulator/_emulator/mint", map[string]string{"identifier": identifier})
	login := c.send(t, "POST", "/auth/login", map[string]json.RawMessage{"oauth_token": minted.body})
	if login.status != http.StatusOK && login.status != http.StatusCreated {
		t.Fatalf("login: %d %s", login.status, login.body)
	}
}

func (c *client) expect(t *testing.T, method, path string, status int, body string) {
	t.Helper()
	got := c.send(t, method, path, map[string]string{"note": "x"})
	if got.status != status || string(got.body) != body {
		t.Errorf("%s %s: got %d %s, want %d %s", method, path, got.status, got.body, status, body)
	}
}

type response struct {
	status int
	body   []byte
}

func (c *client) send(t *testing.T, method, path string, body any) response {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.origin+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	received, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer received.Body.Close()
	content, err := io.ReadAll(received.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{received.StatusCode, []byte(strings.TrimSpace(string(content)))}
}
