package integration_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/integration/child"
)

// issuerServer is a running server of another project that issues tokens.
type issuerServer struct {
	issuer   string
	user     string
	password string
	postAuth bool // the client authenticates at the token endpoint in the form instead of by Basic
}

// runIssuer starts a command, which prints its issuer, until the test ends.
func runIssuer(t *testing.T, command *exec.Cmd) (issuer string) {
	t.Helper()
	var stderr strings.Builder
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(command); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := child.Kill(command); err != nil {
			t.Error(err)
		}
		_ = command.Wait() // it was killed
		if t.Failed() {
			t.Logf("log of %s:\n%s", command, &stderr)
		}
	})
	issuer, err = bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = command.Wait()
		t.Fatalf("%s ended before it printed its issuer: %v\n%s", command, err, &stderr)
	}
	return strings.TrimSuffix(issuer, "\n")
}

// buildIssuer builds a command of the module in issuers, which is not part of the
// workspace. The test is skipped if its modules cannot be downloaded; with
// REQUIRE_ENGINES it fails.
func buildIssuer(t *testing.T, name string) (program string) {
	t.Helper()
	run := func(arguments ...string) (output string, err error) {
		t.Helper()
		command := exec.CommandContext(t.Context(), "go", arguments...)
		command.Dir = "issuers"
		command.Env = append(os.Environ(), "GOWORK=off")
		combined, err := command.CombinedOutput()
		return string(combined), err
	}
	if output, err := run("list", "-deps", "./"+name); err != nil {
		if os.Getenv("REQUIRE_ENGINES") != "" {
			t.Fatalf("no modules for issuers/%s: %v\n%s", name, err, output)
		}
		t.Skipf("no modules for issuers/%s: %v\n%s", name, err, output)
	}
	program = filepath.Join(t.TempDir(), name)
	if output, err := run("build", "-buildvcs=false", "-o", program, "./"+name); err != nil {
		t.Fatalf("go build of issuers/%s: %v\n%s", name, err, output)
	}
	return program
}

func startZitadel(t *testing.T) issuerServer {
	t.Helper()
	issuer := runIssuer(t, exec.Command(buildIssuer(t, "zitadel"), redirectURI))
	return issuerServer{issuer: issuer, user: "test-user@127.0.0.1", password: "verysecure"}
}

func startMockOIDC(t *testing.T) issuerServer {
	t.Helper()
	return issuerServer{issuer: runIssuer(t, exec.Command(buildIssuer(t, "mockoidc"))), postAuth: true}
}

func startDex(t *testing.T, program, algorithm string) issuerServer {
	t.Helper()
	issuer := runIssuer(t, exec.Command(program, redirectURI, algorithm))
	return issuerServer{issuer: issuer, user: "ada@example.com", password: "verysecure"}
}

// startOIDCProvider starts oidc-provider with a client per algorithm.
func startOIDCProvider(t *testing.T, algorithms []string) issuerServer {
	t.Helper()
	project := nodeProject(t, "oidcprovider")
	if output, err := runIn(t.Context(), project, "node", "-p", "URL.parse.name"); err != nil {
		withoutNode(t, "oidc-provider needs URL.parse of Node.js 22: "+output)
	}
	command := exec.Command("node", append([]string{"server.js", redirectURI}, algorithms...)...)
	command.Dir = project
	return issuerServer{issuer: runIssuer(t, command), user: "ada", password: "any"}
}
