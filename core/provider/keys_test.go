package provider_test

import (
	"encoding/json"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/signer"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

func TestStaticKeys_DocumentAndSource(t *testing.T) {
	t.Parallel()
	document, err := json.Marshal(map[string]any{"keys": []any{signer.NewES256("k1").JWK()}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := provider.StaticKeys("keys.json", document)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := keys.Key(t.Context(), token.KeyQuery{ID: "k1", Algorithm: "ES256"}); err != nil || key.ID != "k1" || keys.Source != "keys.json" {
		t.Errorf("key %q from %q, %v", key.ID, keys.Source, err)
	}
	if _, err := provider.StaticKeys("keys.json", []byte(`{"keys":[]}`)); err == nil {
		t.Error("a document without keys is accepted")
	}
}
