package core_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/cotterpin/cotterpin/"

// The groups of the law, each granted as a whole. Leaves know nothing of ours but
// each other. Every package may import the vocabulary.
const (
	leaves = " core/autherr core/config core/identity core/internal/algorithm core/internal/base64url core/internal/claim core/internal/defaults core/internal/hooks core/internal/strictjson core/web "

	vocabulary = leaves + "github.com/google/uuid "

	storage = vocabulary + "core/account core/database core/session ent/... " +
		"ariga.io/atlas/... entgo.io/ent/... github.com/pressly/goose/v3/... "

	testLibraries = " testing testing/... net/http/httptest "
)

// importLaw lists what each package may import in addition to the standard library. Our
// packages are written without the path of our module; "x/..." is x and all
// below it. The first row that names a package decides. What a row allows in addition to
// the groups, one of its packages imports.
var importLaw = []lawRow{
	{leaves, vocabulary},

	{"core/internal/browser", ""},
	{"core/internal/digest", ""},
	{"core/internal/httpapi", vocabulary},
	{"core/internal/signer", ""},
	{"core/internal/watch", vocabulary},
	{"core/token", vocabulary},
	{"core/internal/jwt", vocabulary + "core/internal/digest core/token github.com/lestrrat-go/jwx/v2/... github.com/maypok86/otter/v2 golang.org/x/sync/singleflight golang.org/x/time/..."},
	{"core/provider", vocabulary + "core/internal/jwt core/token"},
	{"core/internal/verify", vocabulary + "core/account core/internal/digest core/internal/jwt core/provider core/token github.com/maypok86/otter/v2"},
	{"core/provider/emulator", vocabulary + "core/internal/httpapi core/internal/jwt core/internal/signer core/provider core/provider/cotter core/token"},
	{"core/provider/cotter", vocabulary + "core/provider core/token"},
	{"core/provider/oidc", vocabulary + "core/provider core/token golang.org/x/oauth2"},
	{"core/account", vocabulary},
	{"core/account/memstore", vocabulary + "core/account core/database core/session"},
	{"core/session", vocabulary + "core/account github.com/maypok86/otter/v2 golang.org/x/sync/singleflight"},
	{"core/database", vocabulary + "core/account core/session"},
	{"core/internal/changes", vocabulary + "core/account core/database core/session"},
	{"core/internal/ownjwt", vocabulary + "core/internal/jwt core/session core/token"},
	{"core/internal/configfile", vocabulary + "core/database core/provider " +
		"github.com/agext/levenshtein github.com/hashicorp/hcl/v2/... github.com/zclconf/go-cty/... golang.org/x/net/publicsuffix"},

	{"core", vocabulary + "core/account core/database core/internal/browser core/internal/changes core/internal/configfile core/internal/digest core/internal/httpapi core/internal/ownjwt core/internal/verify core/internal/watch core/provider core/session " +
		"github.com/maypok86/otter/v2 github.com/sethvargo/go-retry golang.org/x/time/..."},
	{"core/cli", vocabulary + "core core/internal/configfile core/provider/emulator github.com/mattn/go-isatty github.com/spf13/cobra"},
	{"core/cmd/...", vocabulary + "core/cli core/provider/cotter core/provider/emulator core/provider/oidc ent/mysql ent/postgres ent/sqlite"},

	{"adapters/cotterhttp", "core"},
	{"adapters/cottergin", "core github.com/gin-gonic/gin"},
	{"adapters/cotterfiber", "core github.com/gofiber/fiber/v2"},

	{"ent/sqlite", storage + "modernc.org/sqlite/..."},
	{"ent/postgres", storage + "github.com/jackc/pgx/v5/... github.com/sethvargo/go-retry"},
	{"ent/mysql", storage + "github.com/go-sql-driver/mysql"},
	{"ent/entstore", storage + "github.com/sethvargo/go-retry golang.org/x/sync/semaphore"},
	{"ent/internal/migrations/generate", storage + "modernc.org/sqlite/..."},
	{"ent/enginetest", storage + "core/account/accounttest ent/enginetest/faultdriver" + testLibraries},
	{"ent/...", storage},
	{"ent/enginetest/faultdriver", ""},

	// The suites are the only packages outside of tests that know how to test.
	{"core/provider/providertest", vocabulary + "core/internal/jwt core/internal/signer core/internal/verify core/provider" + testLibraries},
	{"core/account/accounttest", vocabulary + "core/account core/database core/session" + testLibraries},
	{"core/session/sessiontest", vocabulary + "core/account core/account/accounttest core/database core/session" + testLibraries},
	{"adapters/adaptertest", vocabulary + "core core/account/memstore core/database " +
		"core/provider core/provider/cotter core/provider/providertest" + testLibraries},
}

func TestImportLaw_Packages(t *testing.T) {
	t.Parallel()
	var all []goPackage
	for _, module := range []string{"..", "../adapters/cottergin", "../adapters/cotterfiber"} {
		packages := listPackages(t, module)
		if len(packages) == 0 {
			t.Errorf("go list finds no package in %s", module)
		}
		all = append(all, packages...)
	}
	for _, breach := range importBreaches(importLaw, all) {
		t.Error(breach)
	}
	for _, permission := range unusedPermissions(importLaw, all) {
		t.Error(permission)
	}
}

func TestImportBreaches_Found(t *testing.T) {
	t.Parallel()
	const (
		jwx   = "github.com/lestrrat-go/jwx/v2/jwk"
		hcl   = "github.com/hashicorp/hcl/v2"
		gin   = "github.com/gin-gonic/gin"
		cobra = "github.com/spf13/cobra"
	)
	for name, c := range map[string]struct{ from, lawful, unlawful string }{
		"ALeafImportsAPart":              {"core/web", ours("core/autherr"), ours("core/token")},
		"APartImportsAnother":            {"core/account", ours("core/identity"), ours("core/session")},
		"APartImportsCore":               {"core/session", ours("core/account"), ours("core")},
		"ConfigImportsJWX":               {"core/internal/configfile", hcl, jwx},
		"JWTImportsHCL":                  {"core/internal/jwt", jwx, hcl},
		"TokenImportsJWX":                {"core/token", ours("core/autherr"), jwx},
		"CoreImportsAProvider":           {"core", ours("core/provider"), ours("core/provider/cotter")},
		"CoreImportsEnt":                 {"core", ours("core/session"), ours("ent/sqlite")},
		"CoreImportsTesting":             {"core", "net/http", "testing"},
		"CoreImportsATestServer":         {"core", "net/http", "net/http/httptest"},
		"CLIImportsSessions":             {"core/cli", cobra, ours("core/session")},
		"CLIImportsEnt":                  {"core/cli", ours("core/internal/configfile"), ours("ent/sqlite")},
		"AnAdapterImportsAPart":          {"adapters/cotterhttp", ours("core"), ours("core/session")},
		"AnAdapterImportsAnother":        {"adapters/cottergin", gin, ours("adapters/cotterhttp")},
		"AnAdapterImportsAForeignRouter": {"adapters/cotterfiber", "github.com/gofiber/fiber/v2", gin},
		"EntImportsCore":                 {"ent/entstore", ours("core/account"), ours("core")},
		"ADatabaseImportsAnotherDriver":  {"ent/mysql", "github.com/go-sql-driver/mysql", "github.com/jackc/pgx/v5"},
		"EntStoreImportsADriver":         {"ent/entstore", "entgo.io/ent/dialect", "modernc.org/sqlite"},
		"AProviderImportsItsSuite":       {"core/provider/oidc", ours("core/token"), ours("core/provider/providertest")},
		"ASuiteImportsATestFramework":    {"core/account/accounttest", "testing", "github.com/stretchr/testify/require"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lawful := goPackage{ImportPath: ours(c.from), Imports: []string{"context", c.lawful}}
			if breaches := importBreaches(importLaw, []goPackage{lawful}); len(breaches) != 0 {
				t.Fatalf("the lawful import: %v", breaches)
			}
			unlawful := goPackage{ImportPath: ours(c.from), Imports: []string{"context", c.lawful, c.unlawful}}
			want := []string{c.from + " must not import " + strings.TrimPrefix(c.unlawful, modulePath)}
			if got := importBreaches(importLaw, []goPackage{unlawful}); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestImportBreaches_NoRow(t *testing.T) {
	t.Parallel()
	got := importBreaches(importLaw, []goPackage{{ImportPath: ours("core/util")}})
	if want := []string{"core/util has no row in the import law"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnusedPermissions_Found(t *testing.T) {
	t.Parallel()
	law := []lawRow{
		{"a", vocabulary + "b example.com/x/..." + testLibraries},
		{"a/...", vocabulary + "b"},
	}
	a := goPackage{ImportPath: ours("a"), Imports: []string{ours("b"), "example.com/x/y"}}
	below := goPackage{ImportPath: ours("a/c"), Imports: []string{ours("b")}}
	if unused := unusedPermissions(law, []goPackage{a, below}); len(unused) != 0 {
		t.Fatalf("all are used: %v", unused)
	}
	a.Imports = []string{"example.com/x/y"}
	if got, want := unusedPermissions(law, []goPackage{a, below}), []string{"a never imports b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// lawRow is two lists whose entries are separated by spaces.
type lawRow struct{ packages, mayImport string }

// goPackage is what we read of go list's description of a package. Imports are
// those of its files without tests.
type goPackage struct {
	ImportPath string   `json:"ImportPath"`
	Imports    []string `json:"Imports"`
}

func importBreaches(law []lawRow, packages []goPackage) []string {
	var breaches []string
	for _, p := range packages {
		from := strings.TrimPrefix(p.ImportPath, modulePath)
		i := deciding(law, from)
		if i < 0 {
			breaches = append(breaches, from+" has no row in the import law")
			continue
		}
		for _, imported := range p.Imports {
			path, isOurs := strings.CutPrefix(imported, modulePath)
			if names(law[i].mayImport, path) || !isOurs && isEverybodys(path) {
				continue
			}
			breaches = append(breaches, from+" must not import "+path)
		}
	}
	return breaches
}

// unusedPermissions returns what rows allow and none of their packages imports,
// the groups excepted.
func unusedPermissions(law []lawRow, packages []goPackage) []string {
	imports := make([][]string, len(law))
	for _, p := range packages {
		if i := deciding(law, strings.TrimPrefix(p.ImportPath, modulePath)); i >= 0 {
			imports[i] = append(imports[i], p.Imports...)
		}
	}
	withoutGroups := strings.NewReplacer(storage, " ", vocabulary, " ", testLibraries, " ")
	var unused []string
	for i, row := range law {
		for permission := range strings.FieldsSeq(withoutGroups.Replace(row.mayImport)) {
			uses := func(path string) bool { return names(permission, strings.TrimPrefix(path, modulePath)) }
			if !slices.ContainsFunc(imports[i], uses) {
				unused = append(unused, row.packages+" never imports "+permission)
			}
		}
	}
	return unused
}

// deciding returns the index of the first row that names a package, negative if
// there is none.
func deciding(law []lawRow, path string) int {
	return slices.IndexFunc(law, func(row lawRow) bool { return names(row.packages, path) })
}

// isEverybodys reports whether the path is of the standard library, test
// libraries excepted.
func isEverybodys(path string) bool {
	host, _, _ := strings.Cut(path, "/")
	return !strings.Contains(host, ".") && !names(testLibraries, path)
}

// names reports whether one of the space-separated patterns names
// the path.
func names(patterns, path string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(pattern string) bool {
		if root, whole := strings.CutSuffix(pattern, "/..."); whole {
			return path == root || strings.HasPrefix(path, root+"/")
		}
		return path == pattern
	})
}

func ours(path string) string { return modulePath + path }

func listPackages(t *testing.T, module string) []goPackage {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	command.Dir = module
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v\n%s", module, err, &stderr)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); {
		var p goPackage
		if err := decoder.Decode(&p); err != nil {
			t.Fatalf("go list in %s: %v", module, err)
		}
		packages = append(packages, p)
	}
	return packages
}
