package jwt_test

import (
	"encoding/json"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/jwt"
)

// Cases: K05.
func TestStaticJWKS_NullIsAbsent(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	raw := i.sign(t, validHeader, validClaims)
	null := json.RawMessage("null")
	accepted := func(changes map[string]any) error {
		keys, err := jwt.StaticJWKS(document(t, i.jwk(changes)))
		if err != nil {
			return err
		}
		_, err = newVerifier(t, strictPolicy(keys)).Verify(t.Context(), raw)
		return err
	}
	if err := accepted(nil); err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, name := range []string{"use", "alg", "key_ops", "x5u", "x5c", "x5t", "x5t#S256", "ext", "d", "p", "q", "k", "n", "e", "exp"} {
		all[name] = null
		if err := accepted(map[string]any{name: null}); err != nil {
			t.Errorf("%s null: %v", name, err)
		}
	}
	if err := accepted(all); err != nil {
		t.Errorf("all null: %v", err)
	}
	for _, name := range []string{"kty", "crv", "x", "y"} {
		if accepted(map[string]any{name: null}) == nil {
			t.Errorf("%s null: accepted", name)
		}
	}
	for name, value := range map[string]any{"use": "", "key_ops": []any{null}, "alg": "null", "d": false} {
		if accepted(map[string]any{name: value}) == nil {
			t.Errorf("%s %v: accepted", name, value)
		}
	}
}

// Cases: K05.
func TestStaticJWKS_NullKeyID(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	keys, err := jwt.StaticJWKS(document(t, i.jwk(map[string]any{"kid": json.RawMessage("null")})))
	if err != nil {
		t.Fatal(err)
	}
	policy := strictPolicy(keys)
	policy.KeyIDRequired = false
	v := newVerifier(t, policy)
	accept(t, v, i.sign(t, `{"alg":"ES256"}`, validClaims))
	reject(t, v, i.sign(t, validHeader, validClaims), "unknown_key")
}
