package configfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions returns the functions of the language. Paths are relative to
// directory. filesRead counts the calls of file.
func (l Loader) functions(directory string, filesRead *atomic.Int64) map[string]function.Function {
	lookup := l.LookupEnv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	return map[string]function.Function{
		"env":        envFunction(lookup),
		"file":       fileFunction(directory, filesRead),
		"split":      stdlib.SplitFunc,
		"trimspace":  stdlib.TrimSpaceFunc,
		"jsondecode": stdlib.JSONDecodeFunc,
	}
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// envFunction is env(name[, default]): an environment variable, or the default if
// it is unset or empty. No error contains the value of a variable, nor an invalid
// name: it may be a secret in place of a name.
func envFunction(lookup func(string) (string, bool)) function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "name", Type: cty.String}},
		VarParam: &function.Parameter{Name: "default", Type: cty.String},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := args[0].AsString()
			switch {
			case len(args) > 2:
				return cty.NilVal, errors.New("it accepts a name and at most one default")
			case !envName.MatchString(name):
				return cty.NilVal, errors.New("the name of an environment variable consists of letters, digits and underscores")
			}
			if value, _ := lookup(name); value != "" {
				return cty.StringVal(value), nil
			}
			if len(args) == 2 {
				return args[1], nil
			}
			return cty.NilVal, fmt.Errorf(`the environment variable %s is unset or empty. Set it, or add a default: env(%q, "…")`, name, name)
		},
	})
}

// fileFunction is file(path): the unchanged content of a file.
func fileFunction(directory string, filesRead *atomic.Int64) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			filesRead.Add(1)
			path := args[0].AsString()
			if !filepath.IsAbs(path) {
				path = filepath.Join(directory, path)
			}
			content, err := os.ReadFile(path)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return cty.NilVal, fmt.Errorf("there is no file %s. Create it, or change the path, which is relative to the configuration file", path)
			case err != nil:
				return cty.NilVal, err
			case !utf8.Valid(content):
				return cty.NilVal, fmt.Errorf("%s is not UTF-8", path)
			}
			return cty.StringVal(string(content)), nil
		},
	})
}
