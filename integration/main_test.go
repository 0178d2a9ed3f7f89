package integration_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/cotterpin/cotterpin/integration/child"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// frameworks are the demo applications.
var frameworks = []string{"nethttp", "gin", "fiber"}

// programs is the folder of the built demo applications.
var programs string

func TestMain(m *testing.M) {
	flag.Parse() // a wrong flag ends the process before anything is made
	child.ExitWithGo()
	if programs = os.Getenv(helperPrograms); programs != "" {
		os.Exit(m.Run())
	}
	testMoreAtOnce()
	var err error
	if programs, err = build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	writeCosts(os.Stdout)
	if leaks := issued.leaks(written.String()); len(leaks) > 0 {
		fmt.Fprintf(os.Stderr, "what the programs have written holds parts of secrets: %q\n", leaks)
		code = 1
	}
	writeOutcomes(os.Stdout)
	for _, e := range engine.All {
		if err := e.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.RemoveAll(programs)
	os.Exit(code)
}

// testMoreAtOnce doubles how many tests run at once unless -parallel says it:
// they wait for servers and processes more than they compute.
func testMoreAtOnce() {
	const name = "test.parallel"
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == name })
	if said {
		return
	}
	if err := flag.Set(name, strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
}

func build() (folder string, err error) {
	if folder, err = os.MkdirTemp("", "cotterpin-programs-"); err != nil {
		return "", err
	}
	arguments := []string{"build", "-buildvcs=false", "-o", folder + string(filepath.Separator)}
	if raceDetector {
		arguments = append(arguments, "-race")
	}
	for _, framework := range frameworks {
		arguments = append(arguments, "./"+framework)
	}
	command := exec.Command("go", arguments...)
	command.Dir = "../examples"
	if output, err := command.CombinedOutput(); err != nil {
		return folder, fmt.Errorf("go build of the examples: %w\n%s", err, output)
	}
	return folder, nil
}
