package main

import (
	"strings"
	"testing"
)

const passing = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"said by TestA\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`

const (
	testPasses    = `{"Action":"pass","Package":"p","Test":"TestA"}`
	testFails     = `{"Action":"fail","Package":"p","Test":"TestA"}`
	testIsSkipped = `{"Action":"skip","Package":"p","Test":"TestA"}`

	packagePasses  = `{"Action":"pass","Package":"p"}`
	packageFails   = `{"Action":"fail","Package":"p"}`
	packageIsEmpty = `{"Action":"skip","Package":"p"}`
)

func TestAPassingPackageIsOneLine(t *testing.T) {
	t.Parallel()
	output, err := reportOn(passing)
	if err != nil || output != "ok  \tp\t0.1s\n" {
		t.Errorf("got %q, error %v", output, err)
	}
}

func TestWhatAPassingPackageSaysItselfIsShown(t *testing.T) {
	t.Parallel()
	const ok = `{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}`
	const table = `{"Action":"output","Package":"p","Output":"3 engines\n"}`
	output, err := reportOn(strings.Replace(passing, ok, table+"\n"+ok, 1))
	if err != nil || output != "3 engines\nok  \tp\t0.1s\n" {
		t.Errorf("got %q, error %v", output, err)
	}
}

func TestWhatMustNotPassIsShownAndFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ events, shown, err string }{
		"AFailedTest": {
			events: strings.NewReplacer(testPasses, testFails, packagePasses, packageFails).Replace(passing),
			shown:  "ok  \tp\t0.1s\nsaid by TestA\n",
			err:    "1 of 1 packages failed",
		},
		"ATestThatHasNotEnded": {
			events: strings.NewReplacer(testPasses+"\n", "", packagePasses, packageFails).Replace(passing),
			shown:  "ok  \tp\t0.1s\nsaid by TestA\n",
			err:    "1 of 1 packages failed",
		},
		"ASkippedTest": {
			events: strings.Replace(passing, testPasses, testIsSkipped, 1),
			shown:  "ok  \tp\t0.1s\nskipped: p TestA\n",
			err:    "1 tests were skipped",
		},
		"APackageThatDoesNotCompile": {
			events: `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: no\n"}` + "\n" + packageFails,
			shown:  "p.go:1: no\n",
			err:    "1 of 1 packages failed",
		},
		"OnlyPackagesWithoutTests": {
			events: `{"Action":"output","Package":"p","Output":"?   \tp\t[no test files]\n"}` + "\n" + packageIsEmpty,
			shown:  "?   \tp\t[no test files]\n",
			err:    "nothing was tested",
		},
		"NoEvents": {
			events: "go: no such module\n",
			shown:  "go: no such module\n",
			err:    "nothing was tested",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, err := reportOn(c.events)
			if err == nil || err.Error() != c.err {
				t.Errorf("got error %v, want %q", err, c.err)
			}
			if output != c.shown {
				t.Errorf("got %q, want %q", output, c.shown)
			}
		})
	}
}

func reportOn(events string) (string, error) {
	var output strings.Builder
	err := run(strings.NewReader(events), &output)
	return output.String(), err
}
