// Package configfile reads the configuration file: HCL 2 ("auth.hcl") or its
// JSON form ("auth.hcl.json"), with the blocks auth, provider, users, session
// and database.
//
// [Loader.Load] returns a [File], which is plain data and can be written in Go;
// [File.Validate] has the rules for both. All problems are found in one run, and
// each is reported with its line, as terraform does; see [config.Diagnostics].
//
// Reading a file uses that file, the files that it names with file(), and the
// environment variables that it names with env(); nothing else.
//
// # Security
//
// The value of a [config.Secret] argument appears in no diagnostic, also if the
// file has syntax errors or the argument's name is misspelled.
package configfile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/hashicorp/hcl/v2/json"

	"github.com/cotterpin/cotterpin/core/config"
)

// Loader reads configuration files.
type Loader struct {
	// Types are the types of provider and database that a file may use.
	Types []config.Type

	// LookupEnv returns the environment variables for env(). nil is os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
}

// Load reads the file at path. Its error is a [config.Diagnostics].
func (l Loader) Load(path string) (File, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return File{}, config.Diagnostics{unreadable(path, err)}
	}
	return l.Parse(path, src)
}

// Parse reads src. The file name appears in diagnostics, its directory is the
// base of relative paths in src, and if it ends with ".json" src is the JSON
// form. The error is a [config.Diagnostics].
func (l Loader) Parse(filename string, src []byte) (File, error) {
	known, err := typesOf(l.Types)
	if err != nil {
		return File{}, err
	}
	file, diags := parseSyntax(filename, src)
	source := newSource(filename, src, file, known.secrets())
	if diags.HasErrors() {
		return File{}, source.syntaxErrors(diags)
	}
	d := decoder{source: source, failed: map[Path]bool{}}
	d.functions = &hcl.EvalContext{Functions: l.functions(filepath.Dir(filename), &d.filesRead)}
	s := d.settings(known, file.Body)
	found := source.diagnostics(d.found)
	for _, p := range s.problems(d.hasFailed) {
		found = append(found, p.diagnostic(source))
	}
	sortByRange(found)
	if hasErrors(found) {
		return File{}, found
	}
	source.warnings = found
	return s, nil
}

// Format returns src in the canonical layout, with the same meaning. A syntax
// error is a [config.Diagnostics]; so is the JSON form, which is not formatted.
func (l Loader) Format(filename string, src []byte) ([]byte, error) {
	if isJSON(filename) {
		return nil, config.Diagnostics{{
			Severity: config.SeverityError,
			Summary:  "The JSON form is not formatted",
			Detail:   fmt.Sprintf("%s is left as it is. Format it with the program that generates it.", filename),
		}}
	}
	known, err := typesOf(l.Types)
	if err != nil {
		return nil, err
	}
	file, diags := parseSyntax(filename, src)
	if diags.HasErrors() {
		return nil, newSource(filename, src, file, known.secrets()).syntaxErrors(diags)
	}
	return hclwrite.Format(src), nil
}

func isJSON(filename string) bool { return strings.HasSuffix(filename, ".json") }

func parseSyntax(filename string, src []byte) (*hcl.File, hcl.Diagnostics) {
	if isJSON(filename) {
		return json.Parse(src, filename)
	}
	return hclsyntax.ParseConfig(src, filename, hcl.InitialPos)
}

// secrets returns the names of the arguments, those of secrets apart.
func (t types) secrets() secretNames {
	var names secretNames
	for _, a := range t.arguments() {
		name := a.Name[strings.LastIndexByte(a.Name, '.')+1:]
		if a.Type == "secret" {
			names.secret = append(names.secret, name)
		} else {
			names.known = append(names.known, name)
		}
	}
	slices.Sort(names.secret)
	names.secret = slices.Compact(names.secret)
	return names
}
