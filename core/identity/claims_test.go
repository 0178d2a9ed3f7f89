package identity_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/identity"
)

func TestClaims_Types(t *testing.T) {
	t.Parallel()
	given := map[string]any{
		"role": "admin", "staff": false, "level": json.Number("1.50"), "number": 3,
		"groups": []string{"a", "b"}, "none": []string{}, "anything": []any{"a", 1},
		"address": map[string]any{"city": "x"},
		"gone":    nil, "channel": make(chan int), // omitted
	}
	want := map[string]any{
		"role": "admin", "staff": false, "level": json.Number("1.50"), "number": json.Number("3"),
		"groups": []string{"a", "b"}, "none": []string{}, "anything": []any{"a", json.Number("1")},
		"address": map[string]any{"city": "x"},
	}
	claims := identity.NewClaims(given)
	if got := claims.Map(); !reflect.DeepEqual(got, want) {
		t.Errorf("the claims are %v, want %v", got, want)
	}
	for name := range given {
		if got := claims.Get(name); !reflect.DeepEqual(got, want[name]) {
			t.Errorf("%s is %v, want %v", name, got, want[name])
		}
	}
	text, err := json.Marshal(claims)
	if want := `{"address":{"city":"x"},"anything":["a",1],"groups":["a","b"],"level":1.50,"none":[],"number":3,"role":"admin","staff":false}`; err != nil || string(text) != want {
		t.Errorf("as JSON they are %s, %v", text, err)
	}
}

func TestClaims_Empty(t *testing.T) {
	t.Parallel()
	kept, _ := identity.NewClaims(nil).Keep([]string{"role"}, 100)
	for _, claims := range []identity.Claims{{}, identity.NewClaims(nil), identity.NewClaims(map[string]any{"gone": nil}), kept} {
		if got := claims.Map(); got != nil || claims.Get("role") != nil || claims.Get("/role/0") != nil || claims.Has("role", "") {
			t.Errorf("the claims are %v", got)
		}
		if text, err := json.Marshal(claims); err != nil || string(text) != "null" {
			t.Errorf("as JSON they are %s, %v", text, err)
		}
	}
}

func TestClaims_Immutable(t *testing.T) {
	t.Parallel()
	groups, address := []string{"user"}, map[string]any{"city": "x"}
	given := map[string]any{"role": "user", "groups": groups, "address": address}
	claims := identity.NewClaims(given)

	given["role"], groups[0], address["city"] = "admin", "admin", "y"
	copied := claims.Map()
	copied["role"] = "admin"
	copied["groups"].([]string)[0] = "admin"
	copied["address"].(map[string]any)["city"] = "y"
	claims.Get("groups").([]string)[0] = "admin"
	claims.Get("address").(map[string]any)["city"] = "y"
	if changed := claims.With("role", "admin"); !changed.Has("role", "admin") {
		t.Error("With does not replace a claim")
	}

	want := map[string]any{"role": "user", "groups": []string{"user"}, "address": map[string]any{"city": "x"}}
	if !reflect.DeepEqual(claims.Map(), want) {
		t.Errorf("the claims are %v", claims.Map())
	}
}

func TestClaims_With(t *testing.T) {
	t.Parallel()
	claims := identity.NewClaims(map[string]any{"name": "Ada"})
	if got := claims.With("picture", "x").With("name", "Eve").Map(); !reflect.DeepEqual(got, map[string]any{"name": "Eve", "picture": "x"}) {
		t.Errorf("got %v", got)
	}
	if got := claims.With("name", make(chan int)).Get("name"); got != "Ada" {
		t.Errorf("a value that cannot be encoded: got %v", got)
	}
}

// keycloak are claims as a Keycloak access token has them, and a plain name that
// looks like a pointer.
func keycloak() identity.Claims {
	return identity.NewClaims(map[string]any{
		"realm_access":        map[string]any{"roles": []string{"editor", "<b>"}},
		"/realm_access/roles": []string{"admin"},
		"a/b":                 "slash",
		"scope":               "openid email",
	})
}

// Cases: T14.
func TestClaims_KeptPointers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ keep, reachable, unreachable []string }{
		"pointer":        {[]string{"/realm_access/roles"}, []string{"/realm_access/roles", "/realm_access/roles/0"}, []string{"realm_access", "/realm_access", "a/b"}},
		"parent":         {[]string{"realm_access"}, []string{"realm_access", "/realm_access", "/realm_access/roles", "/realm_access/roles/0"}, []string{"scope"}},
		"parent pointer": {[]string{"/realm_access"}, []string{"realm_access", "/realm_access/roles"}, []string{"/realm_access/role"}},
		"element":        {[]string{"/realm_access/roles/0"}, []string{"/realm_access/roles/0"}, []string{"/realm_access/roles", "/realm_access/roles/1"}},
		"slash":          {[]string{"a/b"}, []string{"a/b", "/a~1b"}, []string{"/a/b", "a"}},
		"slash pointer":  {[]string{"/a~1b"}, []string{"a/b", "/a~1b"}, []string{"/a/b"}},
		"missing":        {[]string{"/realm_access/groups"}, nil, []string{"/realm_access/groups", "/realm_access"}},
	} {
		kept, leftOut := keycloak().Keep(c.keep, 1000)
		text, err := kept.MarshalJSON()
		if err != nil || leftOut != nil {
			t.Fatalf("%s: %v, left out %q", name, err, leftOut)
		}
		var stored identity.Claims
		if err := stored.UnmarshalJSON(text); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, claims := range []identity.Claims{kept, stored} {
			for _, reachable := range c.reachable {
				if got, want := claims.Get(reachable), keycloak().Get(reachable); want == nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%s: %s is %v, want %v", name, reachable, got, want)
				}
			}
			for _, unreachable := range c.unreachable {
				if got := claims.Get(unreachable); got != nil {
					t.Errorf("%s: %s is %v", name, unreachable, got)
				}
			}
			if claims.Has("/realm_access/roles", "admin") {
				t.Errorf("%s: a plain name matches a pointer", name)
			}
		}
	}
}

func TestClaims_PointerIsNoName(t *testing.T) {
	t.Parallel()
	claims := keycloak()
	if !claims.Has("/realm_access/roles", "editor") || claims.Has("/realm_access/roles", "admin") {
		t.Errorf("the roles are %v", claims.Get("/realm_access/roles"))
	}
	if !claims.Has("/~1realm_access~1roles", "admin") {
		t.Error("a name that begins with a slash cannot be reached")
	}
}

// Cases: T19.
func TestClaims_KeepLimit(t *testing.T) {
	t.Parallel()
	claims := identity.NewClaims(map[string]any{"groups": slices.Repeat([]string{"0f8fad5b-d9cb-469f-a165-70867728950e"}, 40), "role": "admin", "<é>": "x", "level": 7})
	for name, c := range map[string]struct {
		keep    []string
		limit   int
		want    string
		leftOut []string
	}{
		"all fit":      {[]string{"level", "role"}, len(`{"level":7,"role":"admin"}`), `{"level":7,"role":"admin"}`, nil},
		"a byte less":  {[]string{"level", "role"}, len(`{"level":7,"role":"admin"}`) - 1, `{"level":7}`, []string{"role"}},
		"first large":  {[]string{"groups", "role", "missing", "level"}, 1 << 10, `{"role":"admin","level":7}`, []string{"groups"}},
		"last large":   {[]string{"role", "groups"}, 1 << 10, `{"role":"admin"}`, []string{"groups"}},
		"escaped name": {[]string{"<é>"}, len(`{"\u003cé\u003e":"x"}`), `{"\u003cé\u003e":"x"}`, nil},
		"nothing fits": {[]string{"role", "level"}, 2, `null`, []string{"role", "level"}},
	} {
		kept, leftOut := claims.Keep(c.keep, c.limit)
		text, err := kept.MarshalJSON()
		if err != nil || string(text) != c.want || !slices.Equal(leftOut, c.leftOut) {
			t.Errorf("%s: kept %s, left out %q, %v, want %s and %q", name, text, leftOut, err, c.want, c.leftOut)
		}
	}
}

func TestClaims_UnmarshalJSON(t *testing.T) {
	t.Parallel()
	var claims identity.Claims
	if err := claims.UnmarshalJSON([]byte(`{"role":"admin"}`)); err != nil || !claims.Has("role", "admin") {
		t.Fatalf("got %v, %v", claims.Map(), err)
	}
	for _, text := range []string{``, `[]`, `"x"`, `{"a":1,"a":2}`, `{`, strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)} {
		if err := claims.UnmarshalJSON([]byte(text)); err == nil || claims.Map() != nil {
			t.Errorf("%s: got %v, %v", text, claims.Map(), err)
		}
	}
	if err := claims.UnmarshalJSON([]byte("null")); err != nil || claims.Map() != nil {
		t.Errorf("null: got %v, %v", claims.Map(), err)
	}
}
