package config_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
)

type (
	arguments struct {
		Path  string
		Limit *limit
		Tries *int
	}
	limit       struct{ Rows, Bytes int }
	environment struct{ Directory string }
)

var definition = config.Definition[arguments, environment, string]{
	Type:    "sqlite",
	Summary: "a file",
	Default: arguments{Path: "auth.db", Limit: &limit{Rows: 7, Bytes: 9}, Tries: new(3)},
	Validate: func(a arguments, e environment) []config.Problem {
		if a.Path == "/" {
			return []config.Problem{{Argument: "path", Message: "must be in " + e.Directory}}
		}
		return nil
	},
	Open: func(_ context.Context, a arguments, e environment) (string, error) {
		if a.Path == "/" {
			return "", errors.New("no path")
		}
		return e.Directory + "/" + a.Path, nil
	},
}

func TestDefine(t *testing.T) {
	t.Parallel()
	typ := config.Define("database", definition)
	if typ.Kind() != "database" || typ.Name() != "sqlite" || typ.Summary() != "a file" {
		t.Errorf("got %s %q, %q", typ.Kind(), typ.Name(), typ.Summary())
	}
}

func TestBlockType_NewSettings(t *testing.T) {
	t.Parallel()
	typ := config.Define("database", definition)
	first, ok := typ.NewSettings().(*arguments)
	if !ok || first.Path != "auth.db" {
		t.Fatalf("got %+v", first)
	}
	first.Path = "changed"
	if second, _ := typ.NewSettings().(*arguments); second.Path != "auth.db" {
		t.Errorf("a change of the first settings changed the defaults: %+v", second)
	}
}

func TestBlockType_ValidateAndOpen(t *testing.T) {
	t.Parallel()
	typ, env := config.Define("database", definition), environment{Directory: "/var"}
	valid, invalid := &arguments{Path: "users.db"}, &arguments{Path: "/"}

	if problems := typ.Validate(valid, env); len(problems) > 0 {
		t.Errorf("valid settings have problems: %v", problems)
	}
	if opened, err := typ.Open(t.Context(), valid, env); err != nil || opened != "/var/users.db" {
		t.Errorf("opened %q, %v", opened, err)
	}
	problems := typ.Validate(invalid, env)
	if len(problems) != 1 || problems[0] != (config.Problem{Argument: "path", Message: "must be in /var"}) {
		t.Errorf("the problems are %v", problems)
	}
	if _, err := typ.Open(t.Context(), invalid, env); err == nil {
		t.Error("invalid settings are opened")
	}
}

func TestBlockType_WithoutValidate(t *testing.T) {
	t.Parallel()
	d := definition
	d.Validate = nil
	if problems := config.Define("database", d).Validate(&arguments{}, environment{}); problems != nil {
		t.Errorf("got %v", problems)
	}
}

func TestDefine_Incomplete(t *testing.T) {
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
					t.Error("no panic")
				}
			}()
			config.Define("database", d)
		})
	}
}

// A03: a literal in Go is as strict as the file.
func TestBlockType_WithDefaults(t *testing.T) {
	t.Parallel()
	var opened arguments
	d := definition
	d.Open = func(_ context.Context, a arguments, _ environment) (string, error) {
		opened = a
		return "", nil
	}
	typ := config.Define("database", d)
	for name, c := range map[string]struct {
		literal arguments
		limit   limit
		tries   int
	}{
		"Zero":        {arguments{}, limit{7, 9}, 3},
		"NestedBlock": {arguments{Limit: &limit{Rows: 1}}, limit{1, 9}, 3},
		"Explicit":    {arguments{Path: "auth.db", Limit: &limit{1, 2}, Tries: new(0)}, limit{1, 2}, 0},
	} {
		given := c.literal
		if _, err := typ.Open(t.Context(), typ.WithDefaults(&given), environment{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if opened.Path != "auth.db" || *opened.Limit != c.limit || *opened.Tries != c.tries {
			t.Errorf("%s: opened with %q, %v, %d", name, opened.Path, *opened.Limit, *opened.Tries)
		}
		if given != c.literal || given.Limit != nil && given.Limit.Rows != 1 {
			t.Errorf("%s: the literal has changed", name)
		}
	}
	again := typ.WithDefaults(&arguments{Limit: &limit{Rows: 1}})
	if _, err := typ.Open(t.Context(), again, environment{}); err != nil || opened.Limit.Bytes != 9 {
		t.Errorf("the defaults have changed: %v, %v", *opened.Limit, err)
	}
	var zero config.BlockType[environment, string]
	if other := any("settings of another type"); typ.WithDefaults(other) != other || zero.WithDefaults(other) != other {
		t.Error("settings of another type are changed")
	}
}
