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

func TestTheKitsUserHasTheApplicationsFieldsAndEdges(t *testing.T) {
	t.Parallel()
	v := newVisitor(t)
	v.signIn(t, "ada@example.com")
	v.expect(t, "GET", "/api/profile", http.StatusOK, `{"nickname":null,"notes":["Welcome!"]}`)
	v.expect(t, "PUT", "/api/profile/Countess", http.StatusNoContent, "")
	v.expect(t, "POST", "/api/notes", http.StatusCreated, `{"note":"x"}`)
	v.expect(t, "GET", "/api/profile", http.StatusOK, `{"nickname":"Countess","notes":["Welcome!","x"]}`)

	v.signIn(t, "grace@example.com")
	v.expect(t, "GET", "/api/profile", http.StatusOK, `{"nickname":null,"notes":["Welcome!"]}`)
	v.signIn(t, "ada@example.com")
	v.expect(t, "GET", "/api/profile", http.StatusOK, `{"nickname":"Countess","notes":["Welcome!","x"]}`)
}

func TestTheTablesOutliveTheProgram(t *testing.T) {
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

// visitor is a browser of the application.
type visitor struct {
	origin string
	client http.Client
}

func newVisitor(t *testing.T) *visitor {
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
	return &visitor{server.URL, http.Client{Jar: jar}}
}

// signIn logs in with tokens that the emulator was told to make.
func (v *visitor) signIn(t *testing.T, identifier string) {
	t.Helper()
	minted := v.send(t, "POST", "/auth/emulator/_emulator/mint", map[string]string{"identifier": identifier})
	a := v.send(t, "POST", "/auth/login", map[string]json.RawMessage{"oauth_token": minted.body})
	if a.status != http.StatusOK && a.status != http.StatusCreated {
		t.Fatalf("login: %d %s", a.status, a.body)
	}
}

func (v *visitor) expect(t *testing.T, method, path string, status int, body string) {
	t.Helper()
	a := v.send(t, method, path, map[string]string{"note": "x"})
	if a.status != status || string(a.body) != body {
		t.Errorf("%s %s: got %d %s, want %d %s", method, path, a.status, a.body, status, body)
	}
}

type answer struct {
	status int
	body   []byte
}

func (v *visitor) send(t *testing.T, method, path string, body any) answer {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, v.origin+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := v.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answered, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, []byte(strings.TrimSpace(string(answered)))}
}
