package ent_test

import (
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestExports_NoInternalTypes keeps the generated code replaceable: no program
// can depend on it.
func TestExports_NoInternalTypes(t *testing.T) {
	t.Parallel()
	exports := compiled(t)
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	checked := 0
	for path := range exports {
		if !strings.HasPrefix(path, "github.com/cotterpin/cotterpin/ent/") || strings.Contains(path, "/internal/") {
			continue
		}
		pkg, err := imports.Import(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, name := range pkg.Scope().Names() {
			object := pkg.Scope().Lookup(name)
			if !object.Exported() {
				continue
			}
			checked++
			for _, signature := range signatures(object) {
				if strings.Contains(signature, "/internal/") {
					t.Errorf("%s.%s: %s", path, name, signature)
				}
			}
		}
	}
	if checked < 10 {
		t.Errorf("found only %d exported names", checked)
	}
}

// compiled returns the files of the compiled packages by import path.
func compiled(t *testing.T) map[string]string {
	t.Helper()
	list, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-export", "-f", "{{.ImportPath}}\t{{.Export}}", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	files := make(map[string]string)
	for line := range strings.Lines(string(list)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[path] = file
	}
	return files
}

// signatures returns the types of a declaration and of its exported methods and
// fields, with full package paths.
func signatures(object types.Object) []string {
	full := func(p *types.Package) string { return p.Path() }
	name, isType := object.(*types.TypeName)
	if !isType {
		return []string{types.ObjectString(object, full)}
	}
	var all []string
	for selection := range types.NewMethodSet(types.NewPointer(name.Type())).Methods() {
		if method := selection.Obj(); method.Exported() {
			all = append(all, types.ObjectString(method, full))
		}
	}
	fields, isStruct := name.Type().Underlying().(*types.Struct)
	if !isStruct {
		return append(all, types.TypeString(name.Type().Underlying(), full))
	}
	for field := range fields.Fields() {
		if field.Exported() {
			all = append(all, types.ObjectString(field, full))
		}
	}
	return all
}
