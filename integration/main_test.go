package integration_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/cotterpin/cotterpin/integration/child"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// frameworks contains the names of the demo applications.
var frameworks = []string{"nethttp", "gin", "fiber"}

// programs is the directory of the built demo applications.
var programs string

func TestMain(m *testing.M) {
	flag.Parse() // exits on a wrong flag before anything is built
	child.ExitWithGo()
	if programs = os.Getenv(helperPrograms); programs != "" {
		os.Exit(m.Run())
	}
	raiseParallelism()
	var err error
	if programs, err = build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	writeCosts(os.Stdout)
	if leaks := issued.leaks(written.String()); len(leaks) > 0 {
		fmt.Fprintf(os.Stderr, "the logs or databases of the programs contain parts of secrets: %q\n", leaks)
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

// raiseParallelism doubles the number of parallel tests unless -parallel is
// set, because tests mostly wait for servers and processes.
func raiseParallelism() {
	const name = "test.parallel"
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	if set {
		return
	}
	if err := flag.Set(name, strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
}

func build() (directory string, err error) {
	if directory, err = os.MkdirTemp("", "cotterpin-programs-"); err != nil {
		return "", err
	}
	arguments := []string{"build", "-buildvcs=false", "-o", directory + string(filepath.Separator)}
	if raceDetector {
		arguments = append(arguments, "-race")
	}
	for _, program := range append(slices.Clip(frameworks), existingUsers) {
		arguments = append(arguments, "./"+program)
	}
	command := exec.Command("go", arguments...)
	command.Dir = "../examples"
	if output, err := command.CombinedOutput(); err != nil {
		return directory, fmt.Errorf("go build of the examples: %w\n%s", err, output)
	}
	return directory, nil
}
