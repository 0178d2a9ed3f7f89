package jwt_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/internal/signer"
	"github.com/cotterpin/cotterpin/core/token"
)

// Header and claims of a valid token.
const (
	validHeader = `{"alg":"ES256","kid":"k1","typ":"JWT"}`
	validClaims = `{"iss":"https://issuer.example","aud":"app","sub":"user-1","iat":1795345200,"exp":1795348800,"type":"access"}`
)

// maxSize is the maximum length of a token in bytes.
const maxSize = 32 << 10

// issued is the iat of a valid token, and the time at which tests verify it.
var issued = time.Unix(1795345200, 0)

// issuer signs any header and claims with ES256.
type issuer struct{ *signer.Key }

func newIssuer(tb testing.TB, kid string) issuer {
	tb.Helper()
	return issuer{signer.NewES256(kid)}
}

// sign returns a token with header and claims, valid or not.
func (i issuer) sign(tb testing.TB, header, claims string) string {
	tb.Helper()
	return signer.Compact([]byte(header), []byte(claims), i.Sign)
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// public returns the published key.
func (i issuer) public(tb testing.TB) token.Key {
	tb.Helper()
	key, err := token.NewKey(i.ID, i.Algorithm, i.Public())
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// jwk returns the published entry, with members changed or, if nil, removed.
func (i issuer) jwk(changes map[string]any) map[string]any {
	entry := i.JWK()
	for name, value := range changes {
		entry[name] = value
		if value == nil {
			delete(entry, name)
		}
	}
	return entry
}

// document returns a JWK Set document with any entries.
func document(tb testing.TB, entries ...any) []byte {
	tb.Helper()
	text, err := json.Marshal(map[string]any{"keys": entries})
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// strictPolicy accepts the tokens of issuer, with every optional check.
func strictPolicy(keys token.KeySet) jwt.Policy {
	return jwt.Policy{
		Keys:          keys,
		Issuer:        "https://issuer.example",
		Audience:      []string{"app"},
		Algorithms:    []string{"ES256"},
		KeyIDRequired: true,
		PlainHeader:   true,
		ClockSkew:     30 * time.Second,
		Now:           func() time.Time { return issued },
	}
}

func newVerifier(tb testing.TB, p jwt.Policy) *jwt.Verifier {
	tb.Helper()
	v, err := jwt.NewVerifier(p)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// accept requires that the token is valid.
func accept(tb testing.TB, v *jwt.Verifier, raw string) token.Claims {
	tb.Helper()
	claims, err := v.Verify(tb.Context(), raw)
	if err != nil {
		tb.Fatalf("a valid token is rejected: %v", err)
	}
	return claims
}

// reject requires that the token is rejected for the reason, and that no claims
// are returned.
func reject(tb testing.TB, v *jwt.Verifier, raw, reason string) {
	tb.Helper()
	claims, err := v.Verify(tb.Context(), raw)
	if autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != reason {
		tb.Errorf("got %v, want invalid_token (%s)", err, reason)
	}
	if claims.Subject != "" || claims.Issuer != "" {
		tb.Errorf("claims of a rejected token: %+v", claims)
	}
}

// change replaces a part of text, which must contain it.
func change(tb testing.TB, text, old, replacement string) string {
	tb.Helper()
	if !strings.Contains(text, old) {
		tb.Fatalf("%s does not contain %s", text, old)
	}
	return strings.Replace(text, old, replacement, 1)
}
