// Package config reads the configuration file: HCL 2 ("auth.hcl") or its JSON
// form ("auth.hcl.json"), with the blocks auth, provider, users, session and
// database.
//
// [Loader.Load] gives [Settings], which are plain data and can be written in Go
// just as well; [Settings.Validate] holds the rules for both. Every mistake is
// found at once, and is shown with its line, as terraform does; see
// [config.Diagnostics].
//
// Reading a file touches nothing but that file, the files that it names with
// file(), and the environment variables that it names with env().
//
// # Security
//
// The value of a [settings.Secret] argument appears in no diagnostic, also
// where the file is broken or the argument's name is misspelt.
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

	// LookupEnv is what env() asks. nil means os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
}

// Load reads the file at path. Its error is a [config.Diagnostics].
func (l Loader) Load(path string) (File, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return File{}, config.Diagnostics{unreadable(err)}
	}
	return l.Parse(path, src)
}

// Parse reads src. The name says where it is from: it appears in diagnostics,
// relative paths in src are relative to its folder, and if it ends with ".json"
// src is the JSON form. The error is a [config.Diagnostics].
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
	d := decoder{
		source:    source,
		functions: &hcl.EvalContext{Functions: l.functions(filepath.Dir(filename))},
		failed:    map[Path]bool{},
	}
	s := d.settings(known, file.Body)
	found := source.diagnostics(d.found)
	for _, m := range s.problems() {
		if !d.hasFailed(m.at) {
			found = append(found, m.diagnostic(source))
		}
	}
	sortByPlace(found)
	if hasErrors(found) {
		return File{}, found
	}
	source.warnings = found
	return s, nil
}

// Format returns src in the canonical layout. The file's meaning stays. A
// syntax error is a [config.Diagnostics]; the JSON form is not formatted and is an
// error, too.
func (l Loader) Format(filename string, src []byte) ([]byte, error) {
	if isJSON(filename) {
		return nil, config.Diagnostics{{
			Severity: config.SeverityError,
			Summary:  "The JSON form is not formatted",
			Detail:   fmt.Sprintf("%s is left as its generator wrote it.", filename),
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
