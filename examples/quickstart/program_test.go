package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// TestProgram signs a user in to the README's program with each of the README's
// files (G01, G02, G13).
func TestProgram(t *testing.T) { //nolint:tparallel // the programs share an address
	t.Parallel()
	binary, address := build(t)
	issuer := providertest.NewIssuer(t)
	issuer.SetDiscovery("issuer", "https://accounts.google.com")
	issuer.SetDiscovery("jwks_uri", "https://www.googleapis.com"+providertest.OIDCKeysPath)
	network := newNetwork(t, issuer.URL(), "www.cotter.app", "accounts.google.com", "www.googleapis.com")

	for _, c := range []struct { //nolint:paralleltest // as above
		file     string
		payload  func(*program) any
		provider string
	}{
		{"auth.hcl", (*program).emulatorLogin, "emulator"},
		{"auth.cotter.hcl", func(*program) any { return issuer.Login("ada@example.com").Payload() }, "cotter"},
		{"auth.google.hcl", func(*program) any { return googleLogin(issuer) }, "google"},
	} {
		t.Run(c.file, func(t *testing.T) {
			if c.provider != "emulator" && (runtime.GOOS == "darwin" || runtime.GOOS == "windows") {
				t.Skip("SSL_CERT_FILE has no effect on " + runtime.GOOS)
			}
			p := start(t, binary, address, read(t, c.file), network)
			if status, body := p.send("GET", "/api/me", nil); status != http.StatusUnauthorized {
				t.Errorf("before the login: %d %s", status, body)
			}
			if status, body := p.send("POST", "/auth/login", c.payload(p)); status != http.StatusCreated {
				t.Fatalf("login: %d %s", status, body)
			}
			status, body := p.send("GET", "/api/me", nil)
			if fields := strings.Fields(body); status != http.StatusOK || len(fields) != 4 || fields[3] != c.provider {
				t.Errorf("after the login: %d %s", status, body)
			}
		})
	}
}

// build compiles main.go with an address that is free, and returns both.
func build(t *testing.T) (binary, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address = listener.Addr().String()

	directory := t.TempDir()
	source, err := filepath.Abs("main.go")
	if err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(directory, "main.go")
	write(t, moved, strings.Replace(read(t, source), "127.0.0.1:8080", address, 1))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: moved}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(directory, "overlay.json"), string(overlay))
	binary = filepath.Join(directory, "quickstart")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(directory, "overlay.json"), "-o", binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return binary, address
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// program is the running program and a client with its session cookie.
type program struct {
	t      *testing.T
	origin string
	cookie string
}

// start runs the program in a directory with the file as auth.hcl until the test
// ends.
func start(t *testing.T, binary, address, file string, network []string) *program {
	t.Helper()
	var output bytes.Buffer
	command := exec.CommandContext(t.Context(), binary)
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), append(network, "COTTER_API_KEY_ID="+providertest.Audience)...)
	command.Stdout, command.Stderr = &output, &output
	write(t, filepath.Join(command.Dir, "auth.hcl"), file)
	killWithParent(command)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-exited
		if t.Failed() {
			t.Logf("output of the program:\n%s", &output)
		}
	})
	awaitListener(t, address, exited)
	return &program{t: t, origin: "http://" + address}
}

func awaitListener(t *testing.T, address string, exited <-chan struct{}) {
	t.Helper()
	for {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			connection.Close()
			return
		}
		select {
		case <-exited:
			t.Fatal("the program has exited")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *program) send(method, path string, body any) (status int, text string) {
	p.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.origin+path, bytes.NewReader(encoded))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Cookie", p.cookie)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, cookie := range response.Cookies() {
		p.cookie = cookie.Name + "=" + cookie.Value
	}
	return response.StatusCode, string(content)
}

// emulatorLogin returns the payload of a sign-in at the program's emulator.
func (p *program) emulatorLogin() any {
	p.t.Helper()
	status, tokens := p.send("POST", "/auth/emulator/_emulator/mint", map[string]string{"identifier": "ada@example.com"})
	if status != http.StatusOK {
		p.t.Fatalf("mint: %d %s", status, tokens)
	}
	return map[string]any{"oauth_token": json.RawMessage(tokens)}
}

func googleLogin(issuer *providertest.Issuer) any {
	idToken := issuer.OIDCToken("ada@example.com",
		providertest.Claim("iss", "https://accounts.google.com"),
		providertest.Claim("aud", "1234567890-abc.apps.googleusercontent.com"),
		providertest.Claim("hd", "example.com"))
	return map[string]any{"oauth_token": map[string]string{"id_token": idToken}}
}
