package demo

import (
	"errors"
	"flag"
	"strings"
	"testing"
)

func TestParseFlags(t *testing.T) {
	t.Parallel()
	for arguments, want := range map[string]flags{
		"":                          {"", "127.0.0.1:8080"},
		"-config a.hcl":             {"a.hcl", "127.0.0.1:8080"},
		"--config=a.hcl -addr :0":   {"a.hcl", ":0"},
		"--addr localhost:1 -- ":    {"", "localhost:1"},
		"-config a.hcl -config b.h": {"b.h", "127.0.0.1:8080"},
	} {
		if got, err := parseFlags("demo", strings.Fields(arguments), t.Output()); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", arguments, got, err, want)
		}
	}
}

func TestParseFlags_Rejects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"empty config":    {[]string{"-config", ""}, "the file name is empty"},
		"empty config =":  {[]string{"-config="}, "the file name is empty"},
		"argument":        {[]string{"auth.hcl"}, "unexpected argument: auth.hcl"},
		"undefined flag":  {[]string{"-port", "8080"}, "not defined: -port"},
		"missing address": {[]string{"-addr"}, "needs an argument: -addr"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var output strings.Builder
			got, err := parseFlags("demo", c.args, &output)
			if err == nil || got != (flags{}) {
				t.Errorf("got %+v, %v, want an error", got, err)
			}
			if !strings.Contains(output.String(), c.want) || !strings.Contains(output.String(), "-config file") {
				t.Errorf("output %q, want %q and the usage", &output, c.want)
			}
		})
	}
	if _, err := parseFlags("demo", []string{"-help"}, t.Output()); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help: got %v, want flag.ErrHelp", err)
	}
}
