package integration_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/integration/child"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// The environment of a test binary that another test starts: the directory of
// the demo programs, and the children to start.
const (
	helperPrograms = "COTTERPIN_TEST_HELPER_PROGRAMS"
	helperChildren = "COTTERPIN_TEST_HELPER_CHILDREN"
)

// children starts the types of children that the tests have.
var children = map[string]func(t *testing.T){
	"Program": func(t *testing.T) { t.Helper(); start(t, "nethttp", "") },
	"Browser": func(t *testing.T) { t.Helper(); newBrowser(t) },
	"Issuer":  func(t *testing.T) { t.Helper(); startMockOIDC(t) },
	"PausedServer": func(t *testing.T) {
		t.Helper()
		server := dedicated(t, engine.All[0])
		if err := server.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
	},
}

// TestChildren_Helper is the killed test binary of TestChildren_EndWithParent.
func TestChildren_Helper(t *testing.T) { //nolint:paralleltest // alone in its process
	startChildren := children[os.Getenv(helperChildren)]
	if startChildren == nil {
		return // an ordinary run
	}
	t.Cleanup(func() {
		if t.Skipped() {
			fmt.Fprintln(os.Stderr, "skipped") // before the reason, which needs -v
		}
	})
	startChildren(t)
	fmt.Fprintln(os.Stderr, "ready")
	<-time.After(time.Hour)
}

func TestChildren_EndWithParent(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("children end with a killed parent on Linux only")
	}
	for name := range children {
		if name == "PausedServer" && os.Getenv("REQUIRE_ENGINES") == "docker" {
			continue // no server runs on the host
		}
		for end, signal := range map[string]syscall.Signal{
			"Killed": syscall.SIGKILL,
			"Panic":  syscall.SIGQUIT, // the exit of a test that times out
		} {
			t.Run(name+"/"+end, func(t *testing.T) {
				t.Parallel()
				helper := startHelper(t, name)
				all := descendants(t, helper.Process.Pid)
				if len(all) == 0 {
					t.Fatal("the test binary has no child")
				}
				if err := helper.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				_ = helper.Wait() // it was killed
				for _, process := range all {
					process.awaitEnd(t)
				}
			})
		}
	}
}

// startHelper runs this test binary until its children are started.
func startHelper(t *testing.T, children string) *exec.Cmd {
	t.Helper()
	directory, err := os.MkdirTemp("", "cotterpin-helper-") //nolint:usetesting // servers, which are not root, cannot enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	if err := os.Chmod(directory, 0o711); err != nil {
		t.Fatal(err)
	}
	helper := exec.Command(os.Args[0], "-test.run=^TestChildren_Helper$", "-test.v")
	helper.Env = append(os.Environ(), helperPrograms+"="+programs, helperChildren+"="+children, "TMPDIR="+directory,
		"DOCKER_HOST=unix:///nonexistent", "REQUIRE_ENGINES=") // servers on the host only
	stderr, err := helper.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stdout strings.Builder
	helper.Stdout = &stdout
	if err := child.Start(helper); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Kill(helper) })
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		switch lines.Text() {
		case "ready":
			go io.Copy(io.Discard, stderr) // the goroutines that it prints when it panics
			return helper
		case "skipped":
			_ = helper.Wait()
			t.Skip(stdout.String())
		}
	}
	_ = helper.Wait()
	t.Fatalf("the test binary ended:\n%s", &stdout)
	return nil
}

// process is a process and its start time, since its id may be used again.
type process struct{ id, started string }

// descendants returns the processes below a process.
func descendants(t *testing.T, ancestor int) (all []process) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	below := map[string][]process{}
	for _, stat := range stats {
		id := filepath.Base(filepath.Dir(stat))
		if _, parent, started := readStat(id); parent != "" {
			below[parent] = append(below[parent], process{id, started})
		}
	}
	all = below[strconv.Itoa(ancestor)]
	for i := 0; i < len(all); i++ {
		all = append(all, below[all[i].id]...)
	}
	return all
}

// readStat returns fields of /proc/ID/stat, see proc_pid_stat(5). They are
// empty if there is no such process.
func readStat(id string) (state, parent, started string) {
	text, err := os.ReadFile(filepath.Join("/proc", id, "stat"))
	if err != nil {
		return "", "", ""
	}
	afterName := text[bytes.LastIndexByte(text, ')')+1:]
	fields := strings.Fields(string(afterName)) // from the third field on
	return fields[0], fields[1], fields[19]
}

// awaitEnd waits until the process has ended. Its new parent may leave it as a
// zombie.
func (p process) awaitEnd(t *testing.T) {
	t.Helper()
	command, _ := os.ReadFile(filepath.Join("/proc", p.id, "cmdline"))
	deadline := time.Now().Add(patience)
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for ; ; <-pause.C {
		state, _, started := readStat(p.id)
		if started != p.started || state == "Z" || state == "X" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %s (%s, %q) is still running", p.id, state, command)
		}
	}
}
