package verify

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
)

func newTestClient(t *testing.T, h provider.HTTP, directory string) *http.Client {
	t.Helper()
	client, err := newHTTPClient(h, directory, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func TestHTTPClient_RedirectAndCompression(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("compression is requested: %q", r.Header.Get("Accept-Encoding"))
		}
		if r.URL.Path != "/" {
			t.Error("the redirect was followed")
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	response, err := newTestClient(t, provider.HTTP{}, "").Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusFound {
		t.Errorf("status %d, want %d", response.StatusCode, http.StatusFound)
	}
}

func TestHTTPClient_TimeoutOfBody(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	defer server.Close()
	defer close(done)
	client := newTestClient(t, provider.HTTP{Timeout: config.Duration(50 * time.Millisecond)}, "")
	response, err := client.Get(server.URL)
	if err != nil {
		return // cut before the header was there: a slow machine
	}
	defer response.Body.Close()
	if _, err := io.ReadAll(response.Body); err == nil {
		t.Error("the body ended by itself, want a timeout")
	}
}

func TestHTTPClient_CAFile(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshake that must fail
	server.StartTLS()
	defer server.Close()
	directory := t.TempDir()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(directory, "ca.pem"), certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]provider.HTTP{
		"relative to the directory": {Timeout: config.Duration(5 * time.Second), CAFile: "ca.pem"},
		"absolute":                  {Timeout: config.Duration(5 * time.Second), CAFile: filepath.Join(directory, "ca.pem")},
	} {
		response, err := newTestClient(t, h, directory).Get(server.URL)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = response.Body.Close()
	}
	if response, err := newTestClient(t, provider.HTTP{}, directory).Get(server.URL); err == nil {
		_ = response.Body.Close()
		t.Error("the test server's certificate is accepted without ca_file")
	}
}

func TestHTTPClient_UnusableCAFile(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "empty.pem"), []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"missing.pem", "empty.pem"} {
		if _, err := newHTTPClient(provider.HTTP{CAFile: file}, directory, nil); err == nil {
			t.Errorf("%s is accepted", file)
		}
	}
	if _, err := newHTTPClient(provider.HTTP{CAFile: "ca.pem"}, directory, http.DefaultTransport); err == nil {
		t.Error("ca_file with the program's transport is accepted")
	}
}

func TestHTTPClient_ProgramTransport(t *testing.T) {
	t.Parallel()
	called := false
	base := roundTrip(func(*http.Request) (*http.Response, error) {
		called = true
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	client, err := newHTTPClient(provider.HTTP{}, "", base)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Get("https://id.example.com")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if !called {
		t.Error("another transport was used")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
