package jwt

import (
	"context"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/token"
)

// vectors are the examples of the RFCs.
var vectors = map[string]struct{ alg, jwk, token string }{
	"RFC 7515, appendix A.3": {
		"ES256",
		`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
		"eyJhbGciOiJFUzI1NiJ9" +
			".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ" +
			".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
	},
	"RFC 8037, appendix A.4": {
		"EdDSA",
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"eyJhbGciOiJFZERTQSJ9" +
			".RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc" +
			".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
	},
}

func TestVerify_RFCExamples(t *testing.T) { // J46
	t.Parallel()
	for name, v := range vectors {
		keys, err := StaticJWKS([]byte(`{"keys":[` + v.jwk + `]}`))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		key, err := keys.Key(context.Background(), token.KeyQuery{ID: "", Algorithm: v.alg})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		end := strings.LastIndexByte(v.token, '.')
		signature, err := decodeSegment(nil, v.token[end+1:])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !verify(key, []byte(v.token[:end]), signature) {
			t.Errorf("%s: the signature is rejected", name)
		}
		if verify(key, []byte(v.token[:end]+"A"), signature) {
			t.Errorf("%s: the signature is accepted for other content", name)
		}
	}
}

func TestVerify_KeyWithoutPublicKey(t *testing.T) {
	t.Parallel()
	for _, key := range []token.Key{{}, {ID: "k1", Algorithm: "ES256"}, {Algorithm: "none"}} {
		if verify(key, []byte("content"), []byte("signature")) {
			t.Errorf("key %+v verifies a signature", key)
		}
	}
}
