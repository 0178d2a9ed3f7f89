package claim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/claim"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// object has a claim of each shape.
const object = `{
	"role":"admin", "ver":1, "level":1.50, "staff":true, "gone":null, "empty":"", "":{"":"nameless"},
	"groups":["admin","b",7,false,null,["nested"],{"a":"b"}], "none":[],
	"scope":"openid  read:x", "scp":["read:x","write y"], "scopes":"openid read:x",
	"https://app.example/roles":["editor"], "realm_access.roles":["dotted"], "a/b":{"c~d":"escaped"}, "~2":"tilde",
	"realm_access":{"roles":["offline_access","editor"],"0":"member zero"},
	"list":[["x","y"],{"roles":["deep"]}], "01":"name"
}`

func parse(t testing.TB, text string) strictjson.Object {
	t.Helper()
	parsed, err := strictjson.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestLookup(t *testing.T) {
	t.Parallel()
	claims := parse(t, object)
	for name, want := range map[string]strictjson.Value{
		"role":                      `"admin"`,
		"/role":                     `"admin"`,
		"https://app.example/roles": `["editor"]`,
		"realm_access.roles":        `["dotted"]`,
		"/realm_access/roles":       `["offline_access","editor"]`,
		"/realm_access/roles/1":     `"editor"`,
		"/realm_access/0":           `"member zero"`,
		"/a~1b/c~0d":                `"escaped"`,
		"/list/0/1":                 `"y"`,
		"/list/1/roles/0":           `"deep"`,
		"/01":                       `"name"`,
		"/":                         `{"":"nameless"}`,
		"//":                        `"nameless"`,
		"":                          `{"":"nameless"}`,

		"Role": "", "/Role": "", "missing": "", "/missing": "", "/missing/roles": "", "/role/0": "", "/role/": "", "role/": "",
		"/realm_access/roles/2": "", "/realm_access/roles/01": "", "/realm_access/roles/-1": "", "/realm_access/roles/+1": "",
		"/realm_access/roles/-": "", "/realm_access/roles/1\u0020": "", "/realm_access/roles/": "", "/realm_access/roles/99999999999999999999": "",
		"/realm_access/roles/1/": "", "/~2": "", "/a/b": "", "/a~1b/c~d": "", "/none/0": "",
	} {
		got, found := claim.Lookup(claims, name)
		if got != want || found != (want != "") {
			t.Errorf("%q: got %s, %t, want %s", name, got, found, want)
		}
	}
}

// Cases: T15, T16.
func TestMatches(t *testing.T) {
	t.Parallel()
	claims := parse(t, object)
	for name, c := range map[string]struct{ is, isNot []string }{
		"role":                      {[]string{"admin"}, []string{"", "Admin", "adm", "admin "}},
		"ver":                       {[]string{"1"}, []string{"1.0", "01", "", "true"}},
		"level":                     {[]string{"1.50"}, []string{"1.5"}},
		"staff":                     {[]string{"true"}, []string{"false", "True", "1"}},
		"gone":                      {nil, []string{"null", ""}},
		"empty":                     {[]string{""}, []string{" "}},
		"missing":                   {nil, []string{""}},
		"groups":                    {[]string{"admin", "b", "7", "false"}, []string{"", "null", "nested", `["nested"]`, "a", "admin b"}},
		"/groups/0":                 {[]string{"admin"}, []string{"b"}},
		"none":                      {nil, []string{""}},
		"scope":                     {[]string{"openid", "read:x"}, []string{"", "read", "openid read:x", " ", "OpenID"}},
		"/scope":                    {[]string{"openid", "read:x"}, []string{"openid read:x"}},
		"scp":                       {[]string{"read:x", "write y"}, []string{"write", "y", ""}},
		"scopes":                    {[]string{"openid read:x"}, []string{"openid"}},
		"realm_access":              {nil, []string{"", "roles", "editor"}},
		"/realm_access/roles":       {[]string{"editor", "offline_access"}, []string{"dotted", ""}},
		"realm_access.roles":        {[]string{"dotted"}, []string{"editor"}},
		"https://app.example/roles": {[]string{"editor"}, []string{""}},
	} {
		value, _ := claim.Lookup(claims, name)
		for _, want := range c.is {
			if !claim.Matches(name, value, want) {
				t.Errorf("%s is %s, which is not accepted as %q", name, value, want)
			}
		}
		for _, want := range c.isNot {
			if claim.Matches(name, value, want) {
				t.Errorf("%s is %s, which is accepted as %q", name, value, want)
			}
		}
	}
}

func TestWantProblem(t *testing.T) {
	t.Parallel()
	deepest := strings.Repeat("/a", strictjson.MaxDepth)
	possible := [][2]string{
		{"role", "admin"},
		{"a~2", ""},
		{"a/b~", "x"},
		{"realm_access.roles", "x y"},
		{"/", ""},
		{"/a~0b/~1", "x"},
		{"/a/-", "x"},
		{deepest, "x"},
		{"scope", "read:x"},
		{"/scp", "read:x"},
		{"/nested/scope", "a b"},
		{"scopes", "a b"},
		{"iss", "x"},
		{"/iss", "x"},
		{"/aud", "x"},
		{"/aud/0", "x"},
		{"/aud/12", "x"},
		{"/auds/x", "x"},
	}
	impossible := [][2]string{
		{"", "x"},
		{"/~", "x"},
		{"/a~", "x"},
		{"/a/b~2", "x"},
		{"/~~0", "x"},
		{deepest + "/a", "x"},
		{"a\xff", "x"},
		{"/a\xff", "x"},
		{"scope", "a b"},
		{"scope", ""},
		{"/scope", "a "},
		{"scp", "a b"},
		{"/iss/x", "x"},
		{"/sub/0", "x"},
		{"/exp/", "x"},
		{"/nbf/a", "x"},
		{"/iat/a", "x"},
		{"/aud/x", "x"},
		{"/aud/01", "x"},
		{"/aud/0/1", "x"},
	}
	for _, c := range possible {
		if problem := claim.WantProblem(c[0], c[1]); problem != "" {
			t.Errorf("%q = %q: %s", c[0], c[1], problem)
		}
	}
	for _, c := range impossible {
		if claim.WantProblem(c[0], c[1]) == "" {
			t.Errorf("%q = %q has no problem", c[0], c[1])
		}
	}
}

func TestInside(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		outer, inner, pointer string
		ok                    bool
	}{
		{"role", "role", "", true},
		{"role", "/role", "", true},
		{"/role", "role", "", true},
		{"a", "/a/b/0", "/b/0", true},
		{"/a/b", "/a/b/0", "/0", true},
		{"a/b", "/a~1b/c", "/c", true},
		{"a~", "/a~0", "", true},
		{"a", "/ab", "b", false},
		{"a", "a/b", "~1b", false},
		{"/a/b", "/a", "/a", false},
		{"a.b", "/a/b", "/a/b", false},
	} {
		pointer, ok := claim.Inside(c.outer, c.inner)
		if ok != c.ok || ok && pointer != c.pointer {
			t.Errorf("%q in %q: got %q, %t", c.inner, c.outer, pointer, ok)
		}
	}
}

func TestIsRegistered(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"iss": true, "/aud/0": true, "/a~1b/iat": false, "acr": false, "/nbf": true} {
		if got := claim.IsRegistered(claim.Top(name)); got != want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}

// FuzzLookup compares a pointer made of names with a walk along them.
func FuzzLookup(f *testing.F) {
	for _, seed := range []string{"role", "realm_access\nroles\n1", "a/b\nc~d", "\n", "list\n0\n1", "~2"} {
		f.Add(seed)
	}
	claims := parse(f, object)
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	f.Fuzz(func(t *testing.T, lines string) {
		names := strings.Split(lines, "\n")
		var pointer strings.Builder
		for _, name := range names {
			pointer.WriteString("/" + escape.Replace(name))
		}
		want, ok := claims.Lookup(names[0])
		for _, name := range names[1:] {
			if object, isObject := want.Object(); isObject {
				want, ok = object.Lookup(name)
				continue
			}
			elements, _ := want.Array()
			i := slices.Index([]string{"0", "1", "2", "3", "4", "5", "6"}, name)
			if ok = ok && i >= 0 && i < len(elements); !ok {
				want = ""
				break
			}
			want = elements[i]
		}
		if got, found := claim.Lookup(claims, pointer.String()); got != want || found != ok {
			t.Errorf("%q: got %s, %t, want %s, %t", pointer.String(), got, found, want, ok)
		}
	})
}
