package core_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// verbLines are the lines of Principal, User and Fail.
const verbLines = 13

// adapterLines bounds each adapter without those: logic that is repeated for each
// framework soon exceeds it.
var adapterLines = map[string]int{"cotterhttp": 63, "cottergin": 62, "cotterfiber": 110}

func TestAdapters_OnlyTranslate(t *testing.T) {
	t.Parallel()
	for adapter, limit := range adapterLines {
		files := parseDirectory(t, filepath.Join("../adapters", adapter))
		if lines := countLines(files); lines > limit+verbLines {
			t.Errorf("%s has %d lines, more than %d", adapter, lines, limit+verbLines)
		}
		for _, file := range files {
			for _, decision := range decisions(file) {
				t.Errorf("%s decides: %s", adapter, decision)
			}
		}
	}
}

func TestAdapters_Verbs(t *testing.T) {
	t.Parallel()
	for adapter := range adapterLines {
		for _, verb := range []string{"Mount", "Require", "CORS", "Principal", "User", "Fail"} {
			if !slices.ContainsFunc(parseDirectory(t, filepath.Join("../adapters", adapter)), func(s source) bool { return s.declares(verb) }) {
				t.Errorf("%s has no function %s", adapter, verb)
			}
		}
	}
}

func TestDecisions_Found(t *testing.T) {
	t.Parallel()
	const translation = `package cotterx
import "net/http"
func write(w http.ResponseWriter, status int) { w.WriteHeader(status) }
`
	if found := decisions(parse(t, "x.go", translation)); len(found) != 0 {
		t.Fatalf("a translation: got %v", found)
	}
	for name, c := range map[string]struct{ replaced, by, want string }{
		"status by name":   {"w.WriteHeader(status)", "w.WriteHeader(http.StatusUnauthorized)", "x.go:3: http.StatusUnauthorized"},
		"status by number": {"w.WriteHeader(status)", "w.WriteHeader(401)", "x.go:3: 401"},
		"JSON":             {`import "net/http"`, `import "net/http"; import "encoding/json"`, "x.go:2: encoding/json"},
		"later JSON":       {`import "net/http"`, `import "net/http"; import "encoding/json/v2"`, "x.go:2: encoding/json/v2"},
		"framework's JSON": {"w.WriteHeader(status)", "w.JSON(status)", "x.go:3: w.JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decided := strings.Replace(translation, c.replaced, c.by, 1)
			if got := decisions(parse(t, "x.go", decided)); !slices.Equal(got, []string{c.want}) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// source is a Go file without tests.
type source struct {
	positions *token.FileSet
	file      *ast.File
}

func (s source) at(node ast.Node) string {
	position := s.positions.Position(node.Pos())
	return fmt.Sprintf("%s:%d", filepath.Base(position.Filename), position.Line)
}

func parseDirectory(t *testing.T, directory string) []source {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []source
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, parse(t, name, string(text)))
	}
	if len(files) == 0 {
		t.Fatalf("%s contains no source", directory)
	}
	return files
}

func parse(t *testing.T, name, text string) source {
	t.Helper()
	s := source{positions: token.NewFileSet()}
	var err error
	if s.file, err = parser.ParseFile(s.positions, name, text, parser.SkipObjectResolution); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s source) declares(function string) bool {
	return slices.ContainsFunc(s.file.Decls, func(d ast.Decl) bool {
		f, ok := d.(*ast.FuncDecl)
		return ok && f.Recv == nil && f.Name.Name == function
	})
}

func countLines(files []source) int {
	var lines int
	for _, s := range files {
		lines += s.positions.File(s.file.FileStart).LineCount()
	}
	return lines
}

// decisions returns where an adapter names a status, writes one as a number, or
// encodes JSON, by itself or by its framework: core decides the content of
// responses. It does not find other decisions.
func decisions(s source) []string {
	var found []string
	ast.Inspect(s.file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			if path, err := strconv.Unquote(node.Path.Value); err == nil && strings.HasPrefix(path, "encoding/json") {
				found = append(found, s.at(node)+": "+path)
			}
		case *ast.SelectorExpr:
			of, isName := node.X.(*ast.Ident)
			isStatus := len(node.Sel.Name) > len("Status") && strings.HasPrefix(node.Sel.Name, "Status")
			if isName && (isStatus || strings.HasSuffix(node.Sel.Name, "JSON")) {
				found = append(found, fmt.Sprintf("%s: %s.%s", s.at(node), of.Name, node.Sel.Name))
			}
		case *ast.BasicLit:
			if n, err := strconv.Atoi(node.Value); err == nil && 100 <= n && n <= 599 {
				found = append(found, s.at(node)+": "+node.Value)
			}
		}
		return true
	})
	return found
}
