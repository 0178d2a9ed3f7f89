package integration_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestProgram_EmbeddedConfiguration(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			p := start(t, framework, "")
			port := p.origin[strings.LastIndexByte(p.origin, ':')+1:]
			if want := "http://localhost:" + port + "/"; p.page != want {
				t.Errorf("the page is at %s, want %s", p.page, want)
			}
			if _, err := os.Stat(filepath.Join(p.directory, "auth.db")); err != nil {
				t.Error(err)
			}
			page := p.send(t, "GET", "/")
			if page.Status != http.StatusOK || !strings.Contains(page.Header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("the page: %d %v", page.Status, page.Header)
			}
			p.send(t, "GET", "/auth/ready").is(t, http.StatusOK, "")

			var minted map[string]any
			p.send(t, "POST", "/auth/emulator/_emulator/mint", posting(`{"identifier":"ada@example.com"}`)).decode(t, &minted)
			me := p.signedIn(t, p.login(t, map[string]any{"oauth_token": minted}))
			if who := p.me(t, me.credential); textOf(who.UserID) != me.User.ID || textOf(who.Provider) != "emulator" {
				t.Errorf("%+v is %+v", me, who)
			}
		})
	}
}

func TestProgram_ExitCodeZero(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			p := start(t, framework, "")
			const request = "GET /auth/ok HTTP/1.1\r\nHost: localhost\r\n\r\n"
			const halfABody = "POST /auth/login HTTP/1.1\r\nHost: localhost\r\n" +
				"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"x\""
			for _, sent := range []string{"", request, request[:20], halfABody} {
				open(t, p, sent)
			}
			began := time.Now()
			if code := p.end(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// open opens a connection until the test ends, and waits for the response to a
// complete request.
func open(t *testing.T, p *program, sent string) {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(p.origin, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	if _, err := io.WriteString(connection, sent); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(sent, "\r\n\r\n") {
		return
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

func TestProgram_FinishesRequests(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			// The first login waits for keys, which wait for this gate.
			arrived, gate := make(chan struct{}), make(chan struct{})
			issuer := providertest.NewIssuer(t)
			keys := slowProxy(t, issuer.URL(), arrived, gate)
			p := start(t, framework, strings.ReplaceAll(configuration(issuer, ownSession), issuer.URL(), keys))
			toReply := make(chan reply, 1)
			go func() { toReply <- p.login(t, issuer.Login(ada).Payload()) }()
			<-arrived
			ended := make(chan int, 1)
			go func() { ended <- p.end(t) }()
			refuses(t, p)
			close(gate)
			(<-toReply).is(t, http.StatusCreated, "")
			if code := <-ended; code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// refuses waits until the program accepts no connections.
func refuses(t *testing.T, p *program) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		connection, err := net.Dial("tcp", strings.TrimPrefix(p.origin, "http://"))
		if err != nil {
			return
		}
		connection.Close()
	}
	t.Error("the program still accepts connections")
}

func TestProgram_Flags(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		for _, dash := range []string{"-", "--"} {
			code, stderr := runBriefly(t, framework, dash+"addr", "256.0.0.1:0")
			if code != 1 || !strings.Contains(stderr, "cannot listen") {
				t.Errorf("%s %saddr: exit code %d\n%s", framework, dash, code, stderr)
			}
			code, stderr = runBriefly(t, framework, dash+"config", "")
			if code != 2 || !strings.Contains(stderr, "the file name is empty") {
				t.Errorf("%s %sconfig: exit code %d\n%s", framework, dash, code, stderr)
			}
		}
		for _, wrong := range [][]string{{"-port", "8080"}, {"auth.hcl"}} {
			if code, stderr := runBriefly(t, framework, wrong...); code != 2 || !strings.Contains(stderr, "-config") {
				t.Errorf("%s %q: exit code %d\n%s", framework, wrong, code, stderr)
			}
		}
	}
}

func TestProgram_AddressInUse(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, framework := range frameworks {
		code, stderr := runBriefly(t, framework, "-addr", listener.Addr().String())
		if code != 1 || !strings.Contains(stderr, "address already in use") {
			t.Errorf("%s: exit code %d\n%s", framework, code, stderr)
		}
	}
}

func TestProgram_WrongConfiguration(t *testing.T) {
	t.Parallel()
	const broken = `auth {
  base_url = "http://localhost:8080"
  allowed_originz = []
}

provider "cottter" {}

session "own" {
  ttl = "soon"
}

database "sqlite" {}
`
	file := filepath.Join(t.TempDir(), "auth.hcl")
	if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, framework := range frameworks {
		code, stderr := runBriefly(t, framework, "-addr", "127.0.0.1:0", "-config", file)
		if code != 1 {
			t.Errorf("%s: exit code %d", framework, code)
		}
		for _, part := range []string{"line 2", "line 3", `Did you mean "allowed_origins"`, "line 6", `Did you mean "cotter"`, "line 9"} {
			if !strings.Contains(strings.Join(strings.Fields(stderr), " "), part) {
				t.Errorf("%s: %q is not in\n%s", framework, part, stderr)
			}
		}
		if strings.Contains(stderr, "listening") {
			t.Errorf("%s listens:\n%s", framework, stderr)
		}
		missing := file + ".none"
		if code, stderr := runBriefly(t, framework, "-config", missing); code != 1 || !strings.Contains(stderr, missing) {
			t.Errorf("%s, no such file: exit code %d\n%s", framework, code, stderr)
		}
	}
}

func TestProgram_LargeHeader(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		p := start(t, framework, "")
		const rest = 200 // request line, Host, names
		a := p.send(t, "GET", "/auth/ok", line("X-Filler", strings.Repeat("x", 16<<10-rest)))
		if a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", framework, a.Status, a.Body)
		}
	}
}

// slowProxy is a proxy before an origin. It reports that the first request has
// arrived, and forwards requests once the gate is closed.
func slowProxy(t *testing.T, origin string, arrived chan<- struct{}, gate <-chan struct{}) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case arrived <- struct{}{}:
		case <-gate:
		}
		<-gate
		response, err := http.Get(origin + r.URL.Path)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		_, _ = io.Copy(w, response.Body)
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return fmt.Sprintf("http://%s", listener.Addr())
}
