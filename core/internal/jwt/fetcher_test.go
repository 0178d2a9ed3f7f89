package jwt_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
)

// serve starts a server and returns its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func write(w http.ResponseWriter, body []byte) { _, _ = w.Write(body) }

func TestFetcher_ReturnsDocument(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.Header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s with %v", r.Method, r.Header)
		}
		write(w, document(t, i.jwk(nil)))
	})
	fetch, err := jwt.Fetcher{AllowInsecureLoopback: true}.Document(address + "/jwks")
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, strictPolicy(jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: fetch})))
	accept(t, v, i.sign(t, validHeader, validClaims))
}

func TestFetcher_RejectsResponses(t *testing.T) { // K11, K14, F-K07
	t.Parallel()
	valid := document(t, newIssuer(t, "k1").jwk(nil))
	var redirected atomic.Int32
	target := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		redirected.Add(1)
		write(w, valid)
	})
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(valid); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}

	handlers := map[string]http.HandlerFunc{
		"valid": func(w http.ResponseWriter, _ *http.Request) { write(w, valid) },
		"up to 1 MiB": func(w http.ResponseWriter, _ *http.Request) {
			write(w, append(valid, bytes.Repeat([]byte(" "), 1<<20-len(valid))...))
		},
		"status 500": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			write(w, valid)
		},
		"status 404": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound); write(w, valid) },
		"status 203": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNonAuthoritativeInfo)
			write(w, valid)
		},
		"status 302": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target, http.StatusFound) },
		"status 307": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, target, http.StatusTemporaryRedirect)
		},
		"over 1 MiB": func(w http.ResponseWriter, _ *http.Request) {
			write(w, append(valid, bytes.Repeat([]byte(" "), 1<<20+1-len(valid))...))
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<16)); err != nil {
					return
				}
			}
		},
		"gzip": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			write(w, packed.Bytes())
		},
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(valid)+1))
			write(w, valid)
		},
		"empty":   func(http.ResponseWriter, *http.Request) {},
		"HTML":    func(w http.ResponseWriter, _ *http.Request) { write(w, []byte("<html>sign in</html>")) },
		"no keys": func(w http.ResponseWriter, _ *http.Request) { write(w, []byte(`{"keys":[]}`)) },
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fetch, err := jwt.Fetcher{AllowInsecureLoopback: true}.Document(serve(t, handler))
			if err != nil {
				t.Fatal(err)
			}
			err = jwt.NewRemoteKeySet(jwt.RemoteOptions{Fetch: fetch}).Check(t.Context())
			if want := name == "valid" || name == "up to 1 MiB"; want != (err == nil) {
				t.Errorf("Check: %v", err)
			}
			if err != nil && autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
				t.Errorf("the code is %s", autherr.CodeOf(err))
			}
		})
	}
	t.Cleanup(func() {
		if n := redirected.Load(); n != 0 {
			t.Errorf("a redirect was followed %d times", n)
		}
	})
}

func TestFetcher_SlowBodyTimesOut(t *testing.T) { // F-K04
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		write(w, []byte(`{"keys":[`))
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if body, err := (jwt.Fetcher{AllowInsecureLoopback: true}).Get(ctx, address); err == nil {
		t.Errorf("got %q", body)
	}
}

func TestFetcher_VerifiesCertificate(t *testing.T) { // F-K12
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { write(w, []byte("{}")) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	if _, err := (jwt.Fetcher{Client: server.Client()}).Get(t.Context(), server.URL); err != nil {
		t.Fatal(err)
	}
	if body, err := (jwt.Fetcher{}).Get(t.Context(), server.URL); err == nil {
		t.Errorf("got %q from a server with an untrusted certificate", body)
	}
}

func TestFetcher_LeavesClientUnchanged(t *testing.T) {
	t.Parallel()
	client := &http.Client{}
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { write(w, []byte("{}")) })
	if _, err := (jwt.Fetcher{Client: client, AllowInsecureLoopback: true}).Get(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	if client.CheckRedirect != nil {
		t.Error("CheckRedirect was set")
	}
}

func TestFetcher_CheckURL(t *testing.T) { // K12
	t.Parallel()
	for address, want := range map[string]string{ // where it is accepted
		"https://issuer.example/jwks":   "everywhere",
		"https://127.0.0.1:1/jwks":      "everywhere",
		"http://127.0.0.1:8080/jwks":    "development",
		"http://127.8.8.8/jwks":         "development",
		"http://[::1]:8080/jwks":        "development",
		"http://localhost:8080/jwks":    "development",
		"http://issuer.example/jwks":    "nowhere",
		"http://localhost.evil.example": "nowhere",
		"http://127.0.0.1.evil.example": "nowhere",
		"http://evil.example@10.0.0.1/": "nowhere",
		"http://169.254.169.254/latest": "nowhere",
		"http://0.0.0.0/jwks":           "nowhere",
		"file:///etc/passwd":            "nowhere",
		"ftp://127.0.0.1/jwks":          "nowhere",
		"//issuer.example/jwks":         "nowhere",
		"issuer.example/jwks":           "nowhere",
		"https:///jwks":                 "nowhere",
		"https://":                      "nowhere",
		"":                              "nowhere",
		"https://%zz/":                  "nowhere",
	} {
		production := jwt.Fetcher{}.CheckURL(address)
		development := jwt.Fetcher{AllowInsecureLoopback: true}.CheckURL(address)
		if (production == nil) != (want == "everywhere") {
			t.Errorf("%s in production: %v", address, production)
		}
		if (development == nil) != (want != "nowhere") {
			t.Errorf("%s in development: %v", address, development)
		}
		if want == "nowhere" {
			f := jwt.Fetcher{AllowInsecureLoopback: true}
			if _, err := f.Document(address); err == nil {
				t.Errorf("%s is accepted as a document", address)
			}
			if _, err := f.Get(t.Context(), address); err == nil || strings.Contains(err.Error(), "dial") {
				t.Errorf("%s is fetched: %v", address, err)
			}
		}
	}
}
