package jwt

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/signer"
	"github.com/cotterpin/cotterpin/core/token"
)

// For any document, the keys that are used are public, sound and unambiguous,
// and their number is bounded.
func FuzzParseJWKS_Documents(f *testing.F) {
	one := marshal(f, signer.NewES256("k1").JWK())
	two := marshal(f, signer.NewES256("k1").JWK())
	for _, document := range []string{
		`{"keys":[` + one + `]}`, `{"keys":[` + one + `,` + two + `]}`, `{"keys":[` + one + `,` + one + `,null,"",{},[]]}`, `{"keys":[],"keys":[` + one + `]}`,
		`{"KEYS":[` + one + `]}`, `{"keys":` + one + `}`, `{"keys":{}}`, `{}`, `[]`, `null`, ``, "\ufeff{}", `<html>`, `{"keys":[` + one,
	} {
		f.Add([]byte(document))
	}
	for _, v := range vectors {
		f.Add([]byte(`{"keys":[` + v.jwk + `]}`))
	}
	const algorithmsOfRSA = 6
	f.Fuzz(func(t *testing.T, document []byte) {
		set, err := parseJWKS(document)
		if (err == nil) != (len(set.keys) > 0) {
			t.Fatalf("%d keys and %v", len(set.keys), err)
		}
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		var entries []json.RawMessage
		if err := errors.Join(json.Unmarshal(document, &members), json.Unmarshal(members["keys"], &entries)); err != nil {
			t.Fatal(err)
		}
		if most := algorithmsOfRSA * min(len(entries), maxKeys); len(set.keys) > most {
			t.Fatalf("%d keys of %d entries", len(set.keys), len(entries))
		}
		for _, key := range set.keys {
			if _, err := token.NewKey(key.ID, key.Algorithm, key.Public()); err != nil {
				t.Fatalf("key %q: %v", key.ID, err)
			}
			for _, other := range set.keys {
				if key.ID != "" && other.ID == key.ID && !other.HasSamePublic(key) {
					t.Fatalf("two keys have the id %q", key.ID)
				}
			}
			found, err := set.keys.Key(t.Context(), token.KeyQuery{ID: key.ID, Algorithm: key.Algorithm})
			if key.ID != "" && (err != nil || !found.HasSamePublic(key)) || err != nil && autherr.CodeOf(err) != autherr.InvalidToken {
				t.Fatalf("key %q is found as %q, %v", key.ID, found.ID, err)
			}
		}
	})
}
