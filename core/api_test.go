package core_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// publicPackages lists the packages below core that users may import, and the
// command. All others belong in core/internal.
var publicPackages = []string{
	"account", "account/accounttest", "account/memstore",
	"autherr",
	"cli",
	"cmd/cotterpin",
	"config",
	"database",
	"identity",
	"provider", "provider/cotter", "provider/emulator", "provider/oidc", "provider/providertest",
	"session", "session/sessiontest",
	"token",
	"web",
}

// maxExported bounds the exported package-level identifiers of core and the public
// packages below, without the command and the suites. A new
// identifier replaces another or stays internal, unless applications or drivers need it.
const maxExported = 263

func TestAPI_PublicPackages(t *testing.T) {
	t.Parallel()
	var got []string
	for name := range parseCore(t) {
		if name != "." && !isInternal(name) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	for _, name := range got {
		if !slices.Contains(publicPackages, name) {
			t.Errorf("core/%s is neither in publicPackages nor internal", name)
		}
	}
	for _, name := range publicPackages {
		if !slices.Contains(got, name) {
			t.Errorf("publicPackages lists core/%s, which does not exist", name)
		}
	}
}

func TestAPI_Size(t *testing.T) {
	t.Parallel()
	identifiers, methods := 0, 0
	packages := parseCore(t)
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		if isInternal(name) || strings.HasPrefix(name, "cmd/") || strings.HasSuffix(name, "test") {
			continue
		}
		i, m := countExported(packages[name])
		t.Logf("%4d identifiers %4d methods  %s", i, m, path.Join("core", name))
		identifiers, methods = identifiers+i, methods+m
	}
	t.Logf("%4d identifiers %4d methods  in all", identifiers, methods)
	if identifiers == 0 || identifiers > maxExported {
		t.Errorf("core exports %d identifiers, want at most %d", identifiers, maxExported)
	}
}

func TestAPI_NoInternalTypes(t *testing.T) {
	t.Parallel()
	core, err := coreImporter(t).Import(ours("core"))
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range internalTypes(core) {
		t.Error(leak)
	}
}

func TestCountExported(t *testing.T) {
	t.Parallel()
	const source = `package p
type T struct{ Field int }
type t struct{}
type ( A = T; I interface{ Method() } )
const ( C, D = 1, 2; e = 3 )
var V, _ = 1, 2
func F[P any]() {}
func f() {}
func (T) M() {}
func (*G[P]) N() {}
type G[P any] struct{}
func (T) m() {}
func (t) O() {}
`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if identifiers, methods := countExported([]*ast.File{file}); identifiers != 8 || methods != 2 {
		t.Errorf("got %d identifiers and %d methods, want 8 (T A I C D V F G) and 2 (M N)", identifiers, methods)
	}
}

func TestInternalTypes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ clean, leaking, where string }{
		"parameter":        {"func F(int) {}", "func F(i.T) {}", "F"},
		"result":           {"func F() error { return nil }", "func F() (*i.T, error) { return nil, nil }", "F"},
		"constraint":       {"func F[P any]() {}", "func F[P i.I]() {}", "F"},
		"type argument":    {"func F(G[int]) {}; type G[P any] struct{ P P }", "func F(G[i.T]) {}; type G[P any] struct{ P P }", "F"},
		"variable":         {"var V int", "var V = map[string]i.T{}", "V"},
		"constant":         {"const C = 1", "const C = i.C", "C"},
		"field":            {"type S struct{ hidden i.T }", "type S struct{ Field []i.T }", "S"},
		"nested field":     {"type S struct{ F struct{ hidden i.T } }", "type S struct{ F struct{ Field i.T } }", "S"},
		"method":           {"type S struct{}; func (S) m(i.T) {}", "type S struct{}; func (*S) M(func(i.T)) {}", "S.M"},
		"promoted method":  {"type s struct{}; func (s) M(int) {}; type S struct{ s }", "type s struct{}; func (s) M(i.T) {}; type S struct{ s }", "S.M"},
		"interface method": {"type S interface{ m(i.T) }", "type S interface{ M(i.T) }", "S.M"},
		"alias":            {"type A = int", "type A = i.T", "A"},
		"underlying type":  {"type S int", "type S chan i.T", "S"},
		"unexported type":  {"type s struct{}", "type s struct{ F i.T }; func F() s { return s{} }", "F"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := internalTypes(checkSource(t, c.clean)); len(got) != 0 {
				t.Errorf("%s: %q", c.clean, got)
			}
			want := c.where + " mentions " + ours("core/internal/i.")
			got := internalTypes(checkSource(t, c.leaking))
			if len(got) == 0 || !strings.HasPrefix(got[0], want) {
				t.Errorf("%s: got %q, want %q", c.leaking, got, want)
			}
		})
	}
}

// checkSource checks the declarations in a package that imports core/internal/i.
func checkSource(t *testing.T, declarations string) *types.Package {
	t.Helper()
	check := func(name, source string, others types.Importer) *types.Package {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, "p.go", source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		p, err := (&types.Config{Importer: others}).Check(name, files, []*ast.File{file}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	internal := check(ours("core/internal/i"), "package i; type T struct{}; type I interface{ M() }; const C kind = 1; type kind int", nil)
	source := "package p; import \"" + internal.Path() + "\"; " + declarations + "; var _ i.T"
	return check("p", source, importFunc(func(string) (*types.Package, error) { return internal, nil }))
}

type importFunc func(string) (*types.Package, error)

func (f importFunc) Import(name string) (*types.Package, error) { return f(name) }

// internalTypes returns what the package exports whose signature, exported fields
// or exported methods mention a type of an internal package.
func internalTypes(p *types.Package) []string {
	var leaks []string
	for _, name := range p.Scope().Names() {
		object := p.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		w := apiWalk{home: p, where: name, seen: map[types.Type]bool{}}
		w.walkObject(object)
		leaks = append(leaks, w.leaks...)
	}
	return leaks
}

// apiWalk visits the types that a user of the package home can reach from one of
// its exported identifiers.
type apiWalk struct {
	home  *types.Package
	where string
	seen  map[types.Type]bool
	leaks []string
}

func (w *apiWalk) walkObject(object types.Object) {
	name, isType := object.(*types.TypeName)
	if isType && name.IsAlias() {
		w.walk(types.Unalias(name.Type()))
		return
	}
	w.walk(object.Type())
}

func (w *apiWalk) walk(t types.Type) {
	if w.seen[t] {
		return
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Alias:
		w.walkName(t.Obj())
		w.walk(types.Unalias(t))
	case *types.Named:
		w.walkNamed(t)
	case *types.TypeParam:
		w.walk(t.Constraint())
	case *types.Map:
		w.walk(t.Key())
		w.walk(t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		w.walk(t.Elem())
	case *types.Signature:
		for p := range t.TypeParams().TypeParams() {
			w.walk(p)
		}
		w.walk(t.Params())
		w.walk(t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			w.walk(v.Type())
		}
	case *types.Struct:
		for field := range t.Fields() {
			if field.Exported() {
				w.walk(field.Type())
			}
		}
	case *types.Interface:
		for embedded := range t.EmbeddedTypes() {
			w.walk(embedded)
		}
		w.walkMethods(t)
	case *types.Union:
		for term := range t.Terms() {
			w.walk(term.Type())
		}
	}
}

func (w *apiWalk) walkNamed(t *types.Named) {
	w.walkName(t.Obj())
	for argument := range t.TypeArgs().Types() {
		w.walk(argument)
	}
	if t.Obj().Pkg() != w.home {
		return
	}
	for p := range t.TypeParams().TypeParams() {
		w.walk(p)
	}
	if types.IsInterface(t) {
		w.walk(t.Underlying())
		return
	}
	w.walkMethods(types.NewPointer(t))
	w.walk(t.Underlying())
}

// walkMethods includes the methods of embedded types.
func (w *apiWalk) walkMethods(t types.Type) {
	outer := w.where
	for method := range types.NewMethodSet(t).Methods() {
		if method.Obj().Exported() {
			w.where = outer + "." + method.Obj().Name()
			w.walk(method.Type())
		}
	}
	w.where = outer
}

func (w *apiWalk) walkName(name *types.TypeName) {
	if p := name.Pkg(); p != nil && strings.HasPrefix(p.Path(), modulePath) && isInternal(p.Path()) {
		w.leaks = append(w.leaks, fmt.Sprintf("%s mentions %s.%s", w.where, p.Path(), name.Name()))
	}
}

func isInternal(name string) bool { return slices.Contains(strings.Split(name, "/"), "internal") }

// countExported counts the exported package-level identifiers, and the exported
// methods of exported types.
func countExported(files []*ast.File) (identifiers, methods int) {
	for _, file := range files {
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					identifiers += countNames(spec)
				}
			case *ast.FuncDecl:
				switch {
				case !d.Name.IsExported():
				case d.Recv == nil:
					identifiers++
				case receiver(d).IsExported():
					methods++
				}
			}
		}
	}
	return identifiers, methods
}

func countNames(spec ast.Spec) int {
	count := 0
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() {
			count++
		}
	case *ast.ValueSpec:
		for _, name := range s.Names {
			if name.IsExported() {
				count++
			}
		}
	}
	return count
}

// receiver returns the name of a method's type.
func receiver(method *ast.FuncDecl) *ast.Ident {
	expression := method.Recv.List[0].Type
	for {
		switch e := expression.(type) {
		case *ast.StarExpr:
			expression = e.X
		case *ast.IndexExpr:
			expression = e.X
		case *ast.IndexListExpr:
			expression = e.X
		default:
			return e.(*ast.Ident)
		}
	}
}

// parseCore returns the files without tests of each package in and below core, by
// its directory.
func parseCore(t *testing.T) map[string][]*ast.File {
	t.Helper()
	packages := map[string][]*ast.File{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata":
			return fs.SkipDir
		case path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(name), nil, parser.SkipObjectResolution)
		packages[path.Dir(name)] = append(packages[path.Dir(name)], file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// coreImporter returns an importer of core and all packages that it imports.
func coreImporter(t *testing.T) types.Importer {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(output)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[name] = file
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(name string) (io.ReadCloser, error) {
		return os.Open(files[name])
	})
}
