package config_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
)

type (
	arguments   struct{ Path string }
	environment struct{ Directory string }
)

var definition = config.Definition[arguments, environment, string]{
	Type:    "sqlite",
	Summary: "a file",
	Default: arguments{Path: "auth.db"},
	Validate: func(a arguments, e environment) []config.Problem {
		if a.Path == "" {
			return []config.Problem{{Argument: "path", Message: "must be in " + e.Directory}}
		}
		return nil
	},
	Open: func(_ context.Context, a arguments, e environment) (string, error) {
		if a.Path == "" {
			return "", errors.New("no path")
		}
		return e.Directory + "/" + a.Path, nil
	},
}

func TestATypeTellsWhatItsDefinitionSays(t *testing.T) {
	t.Parallel()
	typ := config.Define("database", definition)
	if typ.Kind() != "database" || typ.Name() != "sqlite" || typ.Summary() != "a file" {
		t.Errorf("it is %s %q, %q", typ.Kind(), typ.Name(), typ.Summary())
	}
}

func TestNewSettingsAreTheDefaultsEachTime(t *testing.T) {
	t.Parallel()
	typ := config.Define("database", definition)
	first, ok := typ.NewSettings().(*arguments)
	if !ok || first.Path != "auth.db" {
		t.Fatalf("they are %+v", first)
	}
	first.Path = "changed"
	if second, _ := typ.NewSettings().(*arguments); second.Path != "auth.db" {
		t.Errorf("a change reached the defaults: %+v", second)
	}
}

func TestValidateAndOpenGetTheSettingsAndTheEnvironment(t *testing.T) {
	t.Parallel()
	typ, env := config.Define("database", definition), environment{Directory: "/var"}
	good, bad := &arguments{Path: "users.db"}, &arguments{}

	if problems := typ.Validate(good, env); len(problems) > 0 {
		t.Errorf("good settings have problems: %v", problems)
	}
	if opened, err := typ.Open(t.Context(), good, env); err != nil || opened != "/var/users.db" {
		t.Errorf("opened %q, %v", opened, err)
	}
	problems := typ.Validate(bad, env)
	if len(problems) != 1 || problems[0] != (config.Problem{Argument: "path", Message: "must be in /var"}) {
		t.Errorf("the problems are %v", problems)
	}
	if _, err := typ.Open(t.Context(), bad, env); err == nil {
		t.Error("bad settings are opened")
	}
}

func TestATypeWithoutValidateFindsNoMistake(t *testing.T) {
	t.Parallel()
	d := definition
	d.Validate = nil
	if problems := config.Define("database", d).Validate(&arguments{}, environment{}); problems != nil {
		t.Errorf("it finds %v", problems)
	}
}

func TestADefinitionWithoutTypeOrOpenPanics(t *testing.T) {
	t.Parallel()
	config.Define("database", definition)
	for name, change := range map[string]func(*config.Definition[arguments, environment, string]){
		"Type": func(d *config.Definition[arguments, environment, string]) { d.Type = "" },
		"Open": func(d *config.Definition[arguments, environment, string]) { d.Open = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := definition
			change(&d)
			defer func() {
				if recover() == nil {
					t.Error("it is taken")
				}
			}()
			config.Define("database", d)
		})
	}
}
