package identity_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"testing"

	"github.com/cotterpin/cotterpin/core/identity"
)

func TestClaims_Types(t *testing.T) {
	t.Parallel()
	want := map[string]any{"role": "admin", "staff": false, "level": json.Number("1.50"), "groups": []string{"a", "b"}, "none": []string{}}
	given := map[string]any{"address": map[string]any{"city": "x"}, "number": 3, "gone": nil, "anything": []any{"a"}}
	maps.Copy(given, want)
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
	if want := `{"groups":["a","b"],"level":1.50,"none":[],"role":"admin","staff":false}`; err != nil || string(text) != want {
		t.Errorf("as JSON they are %s, %v", text, err)
	}
}

func TestClaims_Empty(t *testing.T) {
	t.Parallel()
	for _, claims := range []identity.Claims{{}, identity.NewClaims(nil), identity.NewClaims(map[string]any{"number": 3})} {
		if got := claims.Map(); got != nil || claims.Get("role") != nil {
			t.Errorf("the claims are %v", got)
		}
		if text, err := json.Marshal(claims); err != nil || string(text) != "null" {
			t.Errorf("as JSON they are %s, %v", text, err)
		}
	}
}

func TestClaims_Immutable(t *testing.T) {
	t.Parallel()
	groups := []string{"user"}
	given := map[string]any{"role": "user", "groups": groups}
	claims := identity.NewClaims(given)

	given["role"], groups[0] = "admin", "admin"
	copied := claims.Map()
	copied["role"] = "admin"
	copied["groups"].([]string)[0] = "admin"
	claims.Get("groups").([]string)[0] = "admin"

	if want := map[string]any{"role": "user", "groups": []string{"user"}}; !reflect.DeepEqual(claims.Map(), want) {
		t.Errorf("the claims are %v", claims.Map())
	}
}
