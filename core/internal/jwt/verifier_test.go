package jwt_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/token"
)

func TestVerifier_ReturnsClaims(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	v := newVerifier(t, strictPolicy(jwt.Static(i.public(t))))
	claims := accept(t, v, i.sign(t, validHeader, change(t, validClaims, `"type":"access"`,
		`"type":"access","admin":true,"level":3,"ratio":1.50,"groups":["a","b"],"empty":[],"address":{"city":"x"},"gone":null`)))

	if claims.Issuer != "https://issuer.example" || claims.Subject != "user-1" || !slices.Equal(claims.Audience, []string{"app"}) {
		t.Errorf("claims are %+v", claims)
	}
	if !claims.IssuedAt.Equal(issued) || !claims.ExpiresAt.Equal(issued.Add(time.Hour)) {
		t.Errorf("issued %v, expires %v", claims.IssuedAt, claims.ExpiresAt)
	}
	if value, ok := claims.String("type"); !ok || value != "access" {
		t.Errorf("type is %q, %t", value, ok)
	}
	if b, ok := claims.Bool("admin"); !ok || !b {
		t.Errorf("admin is %t, %t", b, ok)
	}
	if n, ok := claims.Int64("level"); !ok || n != 3 {
		t.Errorf("level is %d, %t", n, ok)
	}
	if groups, ok := claims.Strings("groups"); !ok || !slices.Equal(groups, []string{"a", "b"}) {
		t.Errorf("groups are %q, %t", groups, ok)
	}
	if address, ok := claims.Lookup("address"); !ok || address != `{"city":"x"}` {
		t.Errorf("address is %s, %t", address, ok)
	}
	for _, name := range []string{"Type", "missing", "gone"} {
		if value, ok := claims.String(name); ok {
			t.Errorf("%s is %q", name, value)
		}
	}
	extra := claims.Extra().Map()
	if len(extra) != 7 || extra["admin"] != true || extra["ratio"] != json.Number("1.50") {
		t.Errorf("further claims are %v", extra)
	}
	if groups, _ := extra["groups"].([]string); !slices.Equal(groups, []string{"a", "b"}) {
		t.Errorf("further groups are %v", extra["groups"])
	}
}

func TestVerifier_RejectsHeaders(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	v := newVerifier(t, strictPolicy(jwt.Static(i.public(t))))
	accept(t, v, i.sign(t, validHeader, validClaims))

	for _, c := range []struct{ name, old, replacement, reason string }{
		{"J01 none", `"ES256"`, `"none"`, "wrong_algorithm"},
		{"J02 None", `"ES256"`, `"None"`, "wrong_algorithm"},
		{"J02 NONE", `"ES256"`, `"NONE"`, "wrong_algorithm"},
		{"J02 nOnE", `"ES256"`, `"nOnE"`, "wrong_algorithm"},
		{"J02 none and space", `"ES256"`, `"none "`, "wrong_algorithm"},
		{"J02 escaped none", `"ES256"`, `"\u006eone"`, "wrong_algorithm"},
		{"J04 ES384", `"ES256"`, `"ES384"`, "wrong_algorithm"},
		{"J04 RS256", `"ES256"`, `"RS256"`, "wrong_algorithm"},
		{"J04 PS256", `"ES256"`, `"PS256"`, "wrong_algorithm"},
		{"J04 HS256", `"ES256"`, `"HS256"`, "wrong_algorithm"},
		{"J04 EdDSA", `"ES256"`, `"EdDSA"`, "wrong_algorithm"},
		{"J06 lower case", `"ES256"`, `"es256"`, "wrong_algorithm"},
		{"J06 mixed case", `"ES256"`, `"Es256"`, "wrong_algorithm"},
		{"J06 trailing space", `"ES256"`, `"ES256 "`, "wrong_algorithm"},
		{"alg missing", `"alg":"ES256",`, ``, "wrong_algorithm"},
		{"alg empty", `"ES256"`, `""`, "wrong_algorithm"},
		{"alg null", `"ES256"`, `null`, "wrong_algorithm"},
		{"alg a list", `"ES256"`, `["ES256"]`, "wrong_algorithm"},
		{"alg under another name", `"alg"`, `"Alg"`, "forbidden_header"},
		{"alg twice", `"alg":"ES256"`, `"alg":"ES256","alg":"ES256"`, "malformed"},
		{"alg twice by escape", `"alg":"ES256"`, `"alg":"ES256","\u0061lg":"none"`, "malformed"},
		{"J08 jwk", `"typ"`, `"jwk":{"kty":"EC"},"typ"`, "forbidden_header"},
		{"J09 jku", `"typ"`, `"jku":"https://evil.example/jwks","typ"`, "forbidden_header"},
		{"J09 x5u", `"typ"`, `"x5u":"https://evil.example/x5u","typ"`, "forbidden_header"},
		{"J10 x5c", `"typ"`, `"x5c":["MIIB"],"typ"`, "forbidden_header"},
		{"J10 x5t", `"typ"`, `"x5t#S256":"AAAA","typ"`, "forbidden_header"},
		{"J11 path", `"k1"`, `"../../dev/null"`, "unknown_key"},
		{"J11 SQL", `"k1"`, `"' OR 1=1--"`, "unknown_key"},
		{"J11 NUL", `"k1"`, `"k1\u0000"`, "malformed_key_id"},
		{"J11 emoji", `"k1"`, `"😀"`, "malformed_key_id"},
		{"J11 long", `"k1"`, `"` + strings.Repeat("k", 256) + `"`, "malformed_key_id"},
		{"J11 100 KB", `"k1"`, `"` + strings.Repeat("k", 100<<10) + `"`, "too_large"},
		{"J11 number", `"k1"`, `1`, "malformed_key_id"},
		{"J11 array", `"k1"`, `["k1"]`, "malformed_key_id"},
		{"J11 object", `"k1"`, `{"k1":1}`, "malformed_key_id"},
		{"J11 null", `"k1"`, `null`, "malformed_key_id"},
		{"J11 empty", `"k1"`, `""`, "malformed_key_id"},
		{"J11 missing", `"kid":"k1",`, ``, "missing_key_id"},
		{"kid in another case", `"k1"`, `"K1"`, "unknown_key"},
		{"J20 JWE header", `"typ"`, `"enc":"A256GCM","typ"`, "forbidden_header"},
		{"J23 crit unknown", `"typ"`, `"crit":["x"],"x":1,"typ"`, "forbidden_header"},
		{"J23 crit empty", `"typ"`, `"crit":[],"typ"`, "forbidden_header"},
		{"J23 crit names alg", `"typ"`, `"crit":["alg"],"typ"`, "forbidden_header"},
		{"J23 crit and b64", `"typ"`, `"crit":["b64"],"b64":false,"typ"`, "forbidden_header"},
		{"J25 cty", `"typ"`, `"cty":"JWT","typ"`, "forbidden_header"},
		{"J25 zip", `"typ"`, `"zip":"DEF","typ"`, "forbidden_header"},
		{"J26 at+jwt", `"JWT"`, `"at+jwt"`, "wrong_header_type"},
		{"J26 logout+jwt", `"JWT"`, `"logout+jwt"`, "wrong_header_type"},
		{"J26 dpop+jwt", `"JWT"`, `"dpop+jwt"`, "wrong_header_type"},
		{"typ empty", `"JWT"`, `""`, "wrong_header_type"},
		{"typ null", `"JWT"`, `null`, "wrong_header_type"},
		{"typ a list", `"JWT"`, `["JWT"]`, "wrong_header_type"},
		{"an unknown member", `"typ"`, `"new":1,"typ"`, "forbidden_header"},
		{"not an object", validHeader, `"ES256"`, "malformed"},
		{"a byte order mark", `{`, "\uFEFF{", "malformed"},
		{"deep", `"typ"`, `"x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `,"typ"`, "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			reject(t, v, i.sign(t, change(t, validHeader, c.old, c.replacement), validClaims), c.reason)
		})
	}
}

func TestVerifier_AcceptsMinimalHeaders(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	v := newVerifier(t, strictPolicy(jwt.Static(i.public(t))))
	for _, header := range []string{
		`{"alg":"ES256","kid":"k1"}`,
		`{"typ":"jwt","kid":"k1","alg":"ES256"}`,
		`{ "alg" : "\u0045S256" , "kid" : "k1" }`,
	} {
		accept(t, v, i.sign(t, header, validClaims))
	}
}

func TestVerifier_OpenHeaderLimits(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	policy.PlainHeader = false
	v := newVerifier(t, policy)
	accept(t, v, i.sign(t, `{"alg":"ES256","kid":"k1","x5t":"AAAA","new":{"x":1}}`, validClaims))

	for name, value := range map[string]string{
		"crit": `["exp"]`, "b64": `true`, "zip": `"DEF"`, "enc": `"A256GCM"`, "cty": `"JWT"`,
		"jwk": `{}`, "jku": `"https://x.example"`, "x5u": `"https://x.example"`, "x5c": `[]`,
	} {
		reject(t, v, i.sign(t, `{"alg":"ES256","kid":"k1","`+name+`":`+value+`}`, validClaims), "forbidden_header")
	}
}

func TestVerifier_RejectsClaims(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	v := newVerifier(t, strictPolicy(jwt.Static(i.public(t))))
	accept(t, v, i.sign(t, validHeader, validClaims))

	const iss, aud, sub = `"https://issuer.example"`, `"app"`, `"user-1"`
	const exp, iat = `"exp":1795348800`, `"iat":1795345200`
	for _, c := range []struct{ name, old, replacement, reason string }{
		{"J22 a huge claim", `"access"`, `"` + strings.Repeat("x", 1_500_000) + `"`, "too_large"},
		{"J29 exp missing", exp + `,`, ``, "malformed_exp"},
		{"J29 exp null", exp, `"exp":null`, "malformed_exp"},
		{"J29 exp a string", exp, `"exp":"9999999999"`, "malformed_exp"},
		{"J29 exp an exponent", exp, `"exp":1e300`, "malformed_exp"},
		{"J29 exp the largest number", exp, `"exp":9223372036854775807`, "malformed_exp"},
		{"J29 exp one more", exp, `"exp":9223372036854775808`, "malformed_exp"},
		{"J29 exp after the year 9999", exp, `"exp":253402300800`, "malformed_exp"},
		{"J29 exp negative", exp, `"exp":-1`, "malformed_exp"},
		{"J29 exp zero", exp, `"exp":0`, "malformed_exp"},
		{"J29 exp true", exp, `"exp":true`, "malformed_exp"},
		{"J31 nbf not reached", exp, exp + `,"nbf":1795345231`, "not_yet_valid"},
		{"J31 nbf a string", exp, exp + `,"nbf":"abc"`, "malformed_nbf"},
		{"J31 nbf null", exp, exp + `,"nbf":null`, "malformed_nbf"},
		{"J32 iat in the future", iat, `"iat":1795345231`, "issued_in_future"},
		{"J32 iat missing", iat + `,`, ``, "malformed_iat"},
		{"J32 iat a string", iat, `"iat":"1795345200"`, "malformed_iat"},
		{"J32 iat zero", iat, `"iat":0`, "malformed_iat"},
		{"J33 aud missing", `"aud":"app",`, ``, "wrong_audience"},
		{"J33 aud empty", aud, `""`, "wrong_audience"},
		{"J33 aud null", aud, `null`, "wrong_audience"},
		{"J33 aud other", aud, `"other"`, "wrong_audience"},
		{"J33 aud a prefix", aud, `"ap"`, "wrong_audience"},
		{"J33 aud longer", aud, `"app "`, "wrong_audience"},
		{"J33 aud in another case", aud, `"App"`, "wrong_audience"},
		{"J33 aud an array", aud, `["app"]`, "wrong_audience"},
		{"J33 aud an empty array", aud, `[]`, "wrong_audience"},
		{"J34 iss with slash", iss, `"https://issuer.example/"`, "wrong_issuer"},
		{"J34 iss http", iss, `"http://issuer.example"`, "wrong_issuer"},
		{"J34 iss in capitals", iss, `"HTTPS://ISSUER.EXAMPLE"`, "wrong_issuer"},
		{"J34 iss missing", `"iss":` + iss + `,`, ``, "wrong_issuer"},
		{"J34 iss an array", iss, `[` + iss + `]`, "wrong_issuer"},
		{"J34 iss a homograph", iss, `"https://іssuer.example"`, "wrong_issuer"},
		{"iss under another name", `"iss"`, `"Iss"`, "wrong_issuer"},
		{"J36 sub missing", `"sub":"user-1",`, ``, "malformed_subject"},
		{"J36 sub empty", sub, `""`, "malformed_subject"},
		{"J36 sub null", sub, `null`, "malformed_subject"},
		{"J36 sub a number", sub, `1`, "malformed_subject"},
		{"J36 sub an array", sub, `["user-1"]`, "malformed_subject"},
		{"J36 sub long", sub, `"` + strings.Repeat("u", 256) + `"`, "malformed_subject"},
		{"J36 sub a space", sub, `" "`, "malformed_subject"},
		{"J36 sub leading space", sub, `" user-1"`, "malformed_subject"},
		{"J36 sub trailing space", sub, `"user-1 "`, "malformed_subject"},
		{"J36 sub trailing tab", sub, `"user-1\t"`, "malformed_subject"},
		{"J36 sub line break", sub, `"user\n1"`, "malformed_subject"},
		{"J36 sub NUL", sub, `"user-1\u0000"`, "malformed_subject"},
		{"J36 sub DEL", sub, "\"user-1\x7f\"", "malformed_subject"},
		{"J36 sub not ASCII", sub, `"usér-1"`, "malformed_subject"},
		{"J36 sub lone surrogate", sub, `"u\ud800"`, "malformed"},
		{"J36 sub invalid UTF-8", sub, "\"u\xff\"", "malformed"},
		{"J37 sub twice", `"sub"`, `"sub":"user-2","sub"`, "malformed"},
		{"J37 iss twice", `"iss"`, `"iss":"https://evil.example","iss"`, "malformed"},
		{"J37 aud twice", `"aud"`, `"aud":"other","aud"`, "malformed"},
		{"J37 exp twice", `"exp"`, `"exp":1,"exp"`, "malformed"},
		{"J37 twice by escape", `"sub"`, `"s\u0075b":"user-2","sub"`, "malformed"},
		{"a duplicate inside", `"access"`, `{"a":1,"a":2}`, "malformed"},
		{"deep", `"access"`, strings.Repeat("[", 32) + strings.Repeat("]", 32), "malformed"},
		{"not an object", validClaims, `[]`, "malformed"},
		{"two objects", validClaims, validClaims + validClaims, "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			reject(t, v, i.sign(t, validHeader, change(t, validClaims, c.old, c.replacement)), c.reason)
		})
	}
}

func TestVerifier_RejectsMalformedTokens(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	v := newVerifier(t, strictPolicy(jwt.Static(i.public(t))))
	valid := i.sign(t, validHeader, validClaims)
	accept(t, v, valid)
	parts := strings.Split(valid, ".")
	header, payload, signature := parts[0], parts[1], parts[2]

	// 64 bytes of signature leave four bits of the last character without
	// meaning, so that there are 15 other ways to write them.
	slack := signature[:85] + string(base64Alphabet[strings.IndexByte(base64Alphabet, signature[85])+1])

	for name, raw := range map[string]string{
		"J19 empty":                      "",
		"J19 one segment":                header,
		"J19 two segments":               header + "." + payload,
		"J19 four segments":              valid + ".",
		"J19 four full segments":         valid + "." + signature,
		"J19 five segments":              header + ".." + payload + ".." + signature,
		"J19 only dots":                  "..",
		"J19 one dot":                    ".",
		"J19 no header":                  "." + payload + "." + signature,
		"J19 no payload":                 header + ".." + signature,
		"J01 no signature":               header + "." + payload + ".",
		"J17 padded signature":           valid + "==",
		"J17 padded header":              header + "=." + payload + "." + signature,
		"J17 slack bits":                 header + "." + payload + "." + slack,
		"J17 a plus sign":                header + "." + payload + ".+" + signature[1:],
		"J17 a slash":                    header + "." + payload + "./" + signature[1:],
		"J17 trailing newline":           valid + "\n",
		"J17 leading newline":            "\n" + valid,
		"J17 newline in the payload":     header + "." + payload[:10] + "\n" + payload[10:] + "." + signature,
		"J17 return in the signature":    header + "." + payload + "." + signature[:10] + "\r" + signature[10:],
		"J17 trailing space":             valid + " ",
		"J17 leading space":              " " + valid,
		"J17 tab before a dot":           header + "\t." + payload + "." + signature,
		"J17 NUL":                        valid + "\x00",
		"J18 flattened":                  `{"protected":"` + header + `","payload":"` + payload + `","signature":"` + signature + `"}`,
		"J18 general":                    `{"payload":"` + payload + `","signatures":[{"protected":"` + header + `","signature":"` + signature + `"}]}`,
		"J20 five segments like JWE":     encode(`{"alg":"ECDH-ES","enc":"A256GCM"}`) + "..AAAA.AAAA.AAAA",
		"J20 five segments, PBES2":       encode(`{"alg":"PBES2-HS256+A128KW","p2c":2147483648,"enc":"A256GCM"}`) + ".AAAA.AAAA.AAAA.AAAA",
		"with the scheme":                "Bearer " + valid,
		"an impossible base64 length":    header + "." + payload + "." + signature[:85],
		"a header that is not an object": encode("null") + "." + payload + "." + signature,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reject(t, v, raw, "malformed")
		})
	}
	reject(t, v, strings.Repeat("a.", 500_000), "too_large") // J21
	reject(t, v, strings.Repeat(".", 1_000_000), "too_large")
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func TestVerifier_AcceptsMaximumSize(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	v := newVerifier(t, strictPolicy(jwt.Static(i.public(t))))
	filled := func(n int) string {
		return i.sign(t, validHeader, change(t, validClaims, "access", strings.Repeat("x", n)))
	}
	n := 24_000
	for len(filled(n+1)) <= maxSize {
		n++
	}
	accept(t, v, filled(n))
	reject(t, v, filled(n+1), "too_large")
}

func TestVerifier_RejectsForgedSignatures(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	v := newVerifier(t, strictPolicy(jwt.Static(i.public(t))))
	valid := i.sign(t, validHeader, validClaims)
	accept(t, v, valid)

	signed := encode(validHeader) + "." + encode(validClaims)
	right := i.Sign([]byte(signed))
	forge := func(signature []byte) { reject(t, v, signed+"."+encode(string(signature)), "bad_signature") }

	// J12
	n := elliptic.P256().Params().N
	half := func(x *big.Int) []byte { return x.FillBytes(make([]byte, 32)) }
	edges := []*big.Int{big.NewInt(0), big.NewInt(1), new(big.Int).Sub(n, big.NewInt(1)), n}
	for _, r := range edges {
		for _, s := range edges {
			forge(append(half(r), half(s)...))
		}
	}
	// J14
	for _, length := range []int{1, 63, 65, 96, 128} {
		forge(append(right, make([]byte, 64)...)[:length])
	}
	// DER in place of r and s
	forge(spoil(t, right, []string{"der"}, ""))
	// Of another token, and of another issuer with the same kid (J35).
	forge(i.Sign([]byte(signed + "x")))
	reject(t, v, newIssuer(t, "k1").sign(t, validHeader, validClaims), "bad_signature")
}

func TestVerifier_PublicKeyAsSecret(t *testing.T) { // J03
	t.Parallel()
	i := newIssuer(t, "k1")
	keys := jwt.Static(i.public(t))
	policy := strictPolicy(keys)
	v := newVerifier(t, policy)
	accept(t, v, i.sign(t, validHeader, validClaims))

	block, _ := pem.Decode(i.PEM())
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	point, err := public.(*ecdsa.PublicKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := json.Marshal(i.jwk(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range [][]byte{
		i.PEM(), block.Bytes, point[1:], point[1:33], jwk, nil,
	} {
		for alg, reason := range map[string]string{"HS256": "wrong_algorithm", "ES256": "bad_signature"} {
			signed := encode(`{"alg":"`+alg+`","kid":"k1","typ":"JWT"}`) + "." + encode(validClaims)
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(signed))
			reject(t, v, signed+"."+encode(string(mac.Sum(nil))), reason)
		}
	}
	policy.Algorithms = []string{"ES256", "HS256"}
	if _, err := jwt.NewVerifier(policy); err == nil {
		t.Error("a policy with HS256 is accepted")
	}
}

func TestVerifier_RejectsFlippedBits(t *testing.T) { // J40
	t.Parallel()
	i := newIssuer(t, "k1")
	v := newVerifier(t, strictPolicy(jwt.Static(i.public(t))))
	valid := i.sign(t, validHeader, validClaims)
	accept(t, v, valid)
	for at := range len(valid) {
		for bit := range 8 {
			flipped := []byte(valid)
			flipped[at] ^= 1 << bit
			if _, err := v.Verify(t.Context(), string(flipped)); autherr.CodeOf(err) != autherr.InvalidToken {
				t.Errorf("bit %d of byte %d: %v", bit, at, err)
			}
		}
	}
}

func TestVerifier_LifetimeInSeconds(t *testing.T) { // J30
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	var now time.Time
	policy.Now = func() time.Time { return now }
	v := newVerifier(t, policy)
	raw := i.sign(t, validHeader, change(t, validClaims, `"type"`, `"nbf":1795345210,"type"`))
	expires, notBefore := issued.Add(time.Hour), issued.Add(10*time.Second)

	for _, c := range []struct {
		name string
		now  time.Time
		code autherr.Code
	}{
		{"at exp - 1", expires.Add(-time.Second), ""},
		{"at exp", expires, ""},
		{"at exp + skew", expires.Add(30 * time.Second), ""},
		{"within the last second", expires.Add(31*time.Second - 1), ""},
		{"at exp + skew + 1", expires.Add(31 * time.Second), autherr.TokenExpired},
		{"a year later", expires.AddDate(1, 0, 0), autherr.TokenExpired},
		{"at nbf - skew", notBefore.Add(-30 * time.Second), ""},
		{"before nbf - skew", notBefore.Add(-30*time.Second - 1), autherr.InvalidToken},
		{"before iat - skew", issued.Add(-31 * time.Second), autherr.InvalidToken},
	} {
		now = c.now
		claims, err := v.Verify(t.Context(), raw)
		if c.code == "" && err != nil || c.code != "" && autherr.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", c.name, err, c.code)
		}
		if returned, want := claims.Subject == "user-1", c.code != autherr.InvalidToken; returned != want {
			t.Errorf("%s: claims are returned: %t, want %t", c.name, returned, want)
		}
	}
}

func TestVerifier_ExpiredIsOnlyFault(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	policy.Now = func() time.Time { return issued.AddDate(1, 0, 0) }
	policy.Check = func(c token.Claims) error {
		if got, _ := c.String("type"); got != "access" {
			return autherr.New(autherr.InvalidToken, "wrong_type")
		}
		return nil
	}
	v := newVerifier(t, policy)
	expired := i.sign(t, validHeader, validClaims)
	claims, err := v.Verify(t.Context(), expired)
	if autherr.CodeOf(err) != autherr.TokenExpired || claims.Subject != "user-1" {
		t.Fatalf("an expired token: %+v, %v", claims, err)
	}

	for reason, raw := range map[string]string{
		"wrong_issuer":      i.sign(t, validHeader, change(t, validClaims, "issuer.example", "evil.example")),
		"wrong_audience":    i.sign(t, validHeader, change(t, validClaims, `"app"`, `"other"`)),
		"malformed_subject": i.sign(t, validHeader, change(t, validClaims, `"user-1"`, `""`)),
		"wrong_type":        i.sign(t, validHeader, change(t, validClaims, `"access"`, `"id"`)),
		"not_yet_valid":     i.sign(t, validHeader, change(t, validClaims, `"type"`, `"nbf":253402300799,"type"`)),
		"issued_in_future":  i.sign(t, validHeader, change(t, validClaims, `1795345200`, `253402300799`)),
		"unknown_key":       i.sign(t, change(t, validHeader, "k1", "k2"), validClaims),
		"bad_signature":     newIssuer(t, "k1").sign(t, validHeader, validClaims),
	} {
		reject(t, v, raw, reason)
	}
}

func TestVerifier_AudienceLists(t *testing.T) { // J33
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	policy.Audience = []string{"app", "app-2"}
	policy.AudienceList = true
	access := newVerifier(t, policy)
	policy.AuthorizedParty = true
	v := newVerifier(t, policy)

	for aud, reason := range map[string]string{
		`"app"`:                         "",
		`"app-2"`:                       "",
		`["app"]`:                       "",
		`["app"],"azp":"app-2"`:         "",
		`"app","azp":"phone"`:           "wrong_authorized_party",
		`["app"],"azp":null`:            "wrong_authorized_party",
		`["evil","app"],"azp":"app"`:    "",
		`["app","app-2"],"azp":"app-2"`: "",
		`["app","evil"]`:                "",
		`["app","evil"],"azp":"evil"`:   "wrong_authorized_party",
		`["app","evil"],"azp":["app"]`:  "wrong_authorized_party",
		`["evil"]`:                      "wrong_audience",
		`["evil"],"azp":"app"`:          "wrong_audience",
		`[]`:                            "wrong_audience",
		`[1,"app"]`:                     "wrong_audience",
		`["app",null],"azp":"app"`:      "wrong_audience",
		`[["app"]]`:                     "wrong_audience",
		`{"app":true}`:                  "wrong_audience",
	} {
		raw := i.sign(t, validHeader, change(t, validClaims, `"app"`, aud))
		if reason == "" {
			accept(t, v, raw)
		} else {
			reject(t, v, raw, reason)
		}
		if reason == "wrong_authorized_party" {
			accept(t, access, raw)
		}
	}
}

func TestVerifier_HeaderTypes(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	policy.Types = []string{"at+jwt", "ok"}
	v := newVerifier(t, policy)
	accept(t, v, i.sign(t, change(t, validHeader, "JWT", "AT+jwt"), validClaims))
	accept(t, v, i.sign(t, change(t, validHeader, "JWT", "OK"), validClaims))
	reject(t, v, i.sign(t, validHeader, validClaims), "wrong_header_type")
	reject(t, v, i.sign(t, change(t, validHeader, "JWT", "o\u212a"), validClaims), "wrong_header_type") // the Kelvin sign
}

func TestVerifier_TokenWithoutKeyID(t *testing.T) {
	t.Parallel()
	one, two := newIssuer(t, ""), newIssuer(t, "k2")
	policy := strictPolicy(jwt.Static(one.public(t)))
	policy.KeyIDRequired = false
	const header = `{"alg":"ES256"}`
	accept(t, newVerifier(t, policy), one.sign(t, header, validClaims))

	policy.Keys = jwt.Static(one.public(t), two.public(t))
	reject(t, newVerifier(t, policy), one.sign(t, header, validClaims), "unknown_key")
	accept(t, newVerifier(t, policy), two.sign(t, `{"alg":"ES256","kid":"k2"}`, validClaims))
}

func TestVerifier_CheckAfterSignature(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	calls := 0
	var result error
	policy.Check = func(token.Claims) error { calls++; return result }
	v := newVerifier(t, policy)

	accept(t, v, i.sign(t, validHeader, validClaims))
	reject(t, v, newIssuer(t, "k1").sign(t, validHeader, validClaims), "bad_signature")
	if calls != 1 {
		t.Errorf("Check was called %d times, want once", calls)
	}
	result = autherr.New(autherr.InsufficientScope, "wrong_scope")
	if _, err := v.Verify(t.Context(), i.sign(t, validHeader, validClaims)); !errors.Is(err, result) {
		t.Errorf("got %v, want the error of Check", err)
	}
}

// keySetFunc implements token.KeySet.
type keySetFunc func(ctx context.Context, q token.KeyQuery) (token.Key, error)

func (f keySetFunc) Key(ctx context.Context, q token.KeyQuery) (token.Key, error) {
	return f(ctx, q)
}

func TestVerifier_KeysFetchedLast(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	lookups := 0
	v := newVerifier(t, strictPolicy(keySetFunc(func(context.Context, token.KeyQuery) (token.Key, error) {
		lookups++
		return i.public(t), nil
	})))
	accept(t, v, i.sign(t, validHeader, validClaims))
	for reason, raw := range map[string]string{
		"wrong_algorithm": i.sign(t, change(t, validHeader, "ES256", "none"), validClaims),
		"wrong_issuer":    i.sign(t, validHeader, change(t, validClaims, "issuer.example", "evil.example")),
		"wrong_audience":  i.sign(t, validHeader, change(t, validClaims, `"app"`, `"other"`)),
		"malformed_exp":   i.sign(t, validHeader, change(t, validClaims, `1795348800`, `"soon"`)),
	} {
		reject(t, v, raw, reason)
	}
	if lookups != 1 {
		t.Errorf("%d lookups of a key, want 1", lookups)
	}
}

func TestVerifier_KeysUnavailable(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	down := autherr.New(autherr.TemporarilyUnavailable, "keys_unavailable")
	v := newVerifier(t, strictPolicy(keySetFunc(func(context.Context, token.KeyQuery) (token.Key, error) {
		return token.Key{}, down
	})))
	if _, err := v.Verify(t.Context(), i.sign(t, validHeader, validClaims)); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
}

func TestVerifier_KeyOfAnotherAlgorithm(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	key := i.public(t)
	policy := strictPolicy(keySetFunc(func(context.Context, token.KeyQuery) (token.Key, error) { return key, nil }))
	v := newVerifier(t, policy)
	accept(t, v, i.sign(t, validHeader, validClaims))

	key.Algorithm = "ES384"
	reject(t, v, i.sign(t, validHeader, validClaims), "wrong_algorithm")
	key = token.Key{ID: "k1", Algorithm: "ES256"}
	reject(t, v, i.sign(t, validHeader, validClaims), "bad_signature")
}

func TestVerifier_EveryAlgorithm(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecKey := func(curve elliptic.Curve) *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	digest := func(hash crypto.Hash, signed string) []byte {
		h := hash.New()
		h.Write([]byte(signed))
		return h.Sum(nil)
	}
	ec := func(key *ecdsa.PrivateKey, hash crypto.Hash) func(string) ([]byte, error) {
		return func(signed string) ([]byte, error) {
			r, s, err := ecdsa.Sign(rand.Reader, key, digest(hash, signed))
			if err != nil {
				return nil, err
			}
			size := (key.Params().BitSize + 7) / 8
			return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), nil
		}
	}
	pkcs := func(hash crypto.Hash) func(string) ([]byte, error) {
		return func(signed string) ([]byte, error) {
			return rsa.SignPKCS1v15(rand.Reader, rsaKey, hash, digest(hash, signed))
		}
	}
	pss := func(hash crypto.Hash) func(string) ([]byte, error) {
		return func(signed string) ([]byte, error) {
			return rsa.SignPSS(rand.Reader, rsaKey, hash, digest(hash, signed), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
	}
	p256, p384, p521 := ecKey(elliptic.P256()), ecKey(elliptic.P384()), ecKey(elliptic.P521())

	for alg, c := range map[string]struct {
		public crypto.PublicKey
		sign   func(string) ([]byte, error)
	}{
		"ES256": {&p256.PublicKey, ec(p256, crypto.SHA256)},
		"ES384": {&p384.PublicKey, ec(p384, crypto.SHA384)},
		"ES512": {&p521.PublicKey, ec(p521, crypto.SHA512)},
		"RS256": {&rsaKey.PublicKey, pkcs(crypto.SHA256)},
		"RS384": {&rsaKey.PublicKey, pkcs(crypto.SHA384)},
		"RS512": {&rsaKey.PublicKey, pkcs(crypto.SHA512)},
		"PS256": {&rsaKey.PublicKey, pss(crypto.SHA256)},
		"PS384": {&rsaKey.PublicKey, pss(crypto.SHA384)},
		"PS512": {&rsaKey.PublicKey, pss(crypto.SHA512)},
		"EdDSA": {edKey.Public(), func(signed string) ([]byte, error) { return ed25519.Sign(edKey, []byte(signed)), nil }},
	} {
		key, err := token.NewKey("k1", alg, c.public)
		if err != nil {
			t.Fatal(err)
		}
		policy := strictPolicy(jwt.Static(key))
		policy.Algorithms = []string{alg}
		v := newVerifier(t, policy)

		signed := encode(change(t, validHeader, "ES256", alg)) + "." + encode(validClaims)
		signature, err := c.sign(signed)
		if err != nil {
			t.Fatal(err)
		}
		accept(t, v, signed+"."+encode(string(signature)))
		signature[len(signature)-1] ^= 1
		reject(t, v, signed+"."+encode(string(signature)), "bad_signature")
	}
}

func TestNewVerifier_RejectsInvalidPolicies(t *testing.T) {
	t.Parallel()
	valid := strictPolicy(jwt.Static())
	if _, err := jwt.NewVerifier(valid); err != nil {
		t.Fatal(err)
	}
	for name, invalidate := range map[string]func(*jwt.Policy){
		"no keys":           func(p *jwt.Policy) { p.Keys = nil },
		"no issuer":         func(p *jwt.Policy) { p.Issuer = "" },
		"no audience":       func(p *jwt.Policy) { p.Audience = nil },
		"an empty audience": func(p *jwt.Policy) { p.Audience = []string{"app", ""} },
		"algorithm Ed448":   func(p *jwt.Policy) { p.Algorithms = []string{"Ed448"} },
		"no algorithm":      func(p *jwt.Policy) { p.Algorithms = nil },
		"algorithm none":    func(p *jwt.Policy) { p.Algorithms = []string{"ES256", "none"} },
		"algorithm HS512":   func(p *jwt.Policy) { p.Algorithms = []string{"HS512"} },
		"algorithm ES256K":  func(p *jwt.Policy) { p.Algorithms = []string{"ES256K"} },
		"too much skew":     func(p *jwt.Policy) { p.ClockSkew = jwt.MaxClockSkew + 1 },
		"negative skew":     func(p *jwt.Policy) { p.ClockSkew = -1 },
	} {
		p := valid
		invalidate(&p)
		if _, err := jwt.NewVerifier(p); err == nil {
			t.Errorf("%s: the policy is accepted", name)
		}
	}
}

func TestPeek_ReturnsIssuerAndAudience(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	for claims, want := range map[string][]string{
		validClaims: {"https://issuer.example", "app"},
		change(t, validClaims, `"app"`, `["a","b"]`): {"https://issuer.example", "a", "b"},
		`{"iss":1,"aud":2}`:                          {""},
		`{}`:                                         {""},
	} {
		peeked, ok := jwt.Peek(i.sign(t, validHeader, claims))
		if got := append([]string{peeked.Claims.Issuer}, peeked.Claims.Audience...); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %t", claims, got, ok)
		}
	}
	for _, raw := range []string{"", "a.b.c", "cps_abc.def", i.sign(t, validHeader, validClaims) + "\n", i.sign(t, validHeader, `{"iss":"a","iss":"b"}`)} {
		if peeked, ok := jwt.Peek(raw); ok || peeked.Claims.Issuer != "" || peeked.Claims.Audience != nil {
			t.Errorf("Peek(%q) = %+v, %t", raw, peeked, ok)
		}
	}
}

func TestVerifier_ErrorsOmitTokenContent(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	v := newVerifier(t, strictPolicy(jwt.Static(i.public(t))))
	for _, raw := range []string{
		i.sign(t, change(t, validHeader, "k1", "canary"), validClaims),
		i.sign(t, change(t, validHeader, "ES256", "canary"), validClaims),
		i.sign(t, validHeader, change(t, validClaims, "user-1", "canary\u00e9")),
		i.sign(t, validHeader, change(t, validClaims, `"access"`, `canary`)),
		i.sign(t, validHeader, change(t, validClaims, "issuer.example", "canary")),
		"canary",
	} {
		_, err := v.Verify(t.Context(), raw)
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), raw) {
			t.Errorf("the error is %v", err)
		}
	}
}

// Cases: T09, T18.
func TestVerifier_Issuers(t *testing.T) {
	t.Parallel()
	i, second := newIssuer(t, "k1"), newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	policy.MoreIssuers, policy.IssuerAliases = map[string]token.KeySet{"https://second.example": jwt.Static(second.public(t))}, []string{"issuer.example"}
	v := newVerifier(t, policy)
	strict := newVerifier(t, strictPolicy(jwt.Static(i.public(t))))
	for iss, want := range map[string]string{
		"https://issuer.example":  "https://issuer.example",
		"issuer.example":          "https://issuer.example",
		"https://second.example":  "https://second.example",
		"second.example":          "",
		"https://second.example/": "",
		"http://issuer.example":   "",
		"Issuer.example":          "",
		"":                        "",
	} {
		claims := change(t, validClaims, "https://issuer.example", iss)
		raw, others := i.sign(t, validHeader, claims), second.sign(t, validHeader, claims)
		if iss != "https://issuer.example" {
			reject(t, strict, raw, "wrong_issuer")
		}
		if want == "" {
			reject(t, v, raw, "wrong_issuer")
			continue
		}
		if want == "https://second.example" {
			raw, others = others, raw
		}
		if got := accept(t, v, raw).Issuer; got != want {
			t.Errorf("iss %q: the claims have the issuer %q, want %q", iss, got, want)
		}
		reject(t, v, others, "bad_signature")
		cache := jwt.NewCache(v, 10, func(c token.Claims) (string, error) { return c.Issuer, nil })
		for range 2 {
			if got, err := cache.Verify(t.Context(), raw); err != nil || got != want {
				t.Errorf("iss %q: the cache has the issuer %q, %v, want %q", iss, got, err, want)
			}
		}
	}
}

// Cases: T22.
func TestVerifier_ComparedValues(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, "k1")
	policy := strictPolicy(jwt.Static(i.public(t)))
	policy.Audience, policy.AudienceList, policy.AuthorizedParty = []string{"app", "web"}, true, true
	v := newVerifier(t, policy)
	accept(t, v, i.sign(t, validHeader, validClaims))
	for name, c := range map[string]struct{ raw, expected, found string }{
		"issuer with a slash":  {i.sign(t, validHeader, change(t, validClaims, `issuer.example`, `issuer.example/`)), "https://issuer.example", "https://issuer.example/"},
		"issuer is a number":   {i.sign(t, validHeader, change(t, validClaims, `"https://issuer.example"`, `7`)), "https://issuer.example", "7"},
		"audience":             {i.sign(t, validHeader, change(t, validClaims, `"app"`, `"other"`)), "app web", "other"},
		"several audiences":    {i.sign(t, validHeader, change(t, validClaims, `"app"`, `["a", "b"]`)), "app web", "a b"},
		"no audience":          {i.sign(t, validHeader, change(t, validClaims, `"aud":"app",`, ``)), "app web", ""},
		"authorized party":     {i.sign(t, validHeader, change(t, validClaims, `"app"`, `["app","b"],"azp":"spa"`)), "app web", "spa"},
		"type":                 {i.sign(t, change(t, validHeader, `JWT`, `at+jwt`), validClaims), "JWT", "at+jwt"},
		"algorithm":            {i.sign(t, change(t, validHeader, `ES256`, `HS256`), validClaims), "ES256", "HS256"},
		"issuer with controls": {i.sign(t, validHeader, change(t, validClaims, `https://issuer.example`, `a\r\nlevel=INFO`)), "https://issuer.example", `a\r\nlevel=INFO`},
	} {
		_, err := v.Verify(t.Context(), c.raw)
		e, _ := errors.AsType[*autherr.Error](err)
		if e == nil {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if expected, found, _ := e.Values(); expected != c.expected || found != c.found {
			t.Errorf("%s: expected %q, found %q in the error, want %q and %q", name, expected, found, c.expected, c.found)
		}
	}
}

func FuzzPeek(f *testing.F) {
	i := newIssuer(f, "k1")
	f.Add(i.sign(f, validHeader, validClaims))
	f.Add("e30.e30.AA")
	f.Add("e30.e30.AB")
	f.Add("e30.e30\n.AA")
	f.Add("e30=.e30.AA")
	f.Add("e30.e30.AA.AA")
	f.Add(encode("{}") + "." + encode(`{"n":64e047040}`) + ".AA")
	f.Fuzz(func(t *testing.T, raw string) {
		if _, ok := jwt.Peek(raw); !ok {
			return
		}
		segments := strings.Split(raw, ".")
		if len(segments) != 3 || len(raw) > maxSize {
			t.Fatalf("%d segments, %d bytes", len(segments), len(raw))
		}
		for _, segment := range segments {
			if decoded := decode(t, segment); encode(decoded) != segment {
				t.Fatalf("%q is encoded again as %q", segment, encode(decoded))
			}
		}
		for _, segment := range segments[:2] { // header and claims
			var object map[string]json.RawMessage // a number may exceed float64
			if err := json.Unmarshal([]byte(decode(t, segment)), &object); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzVerifier(f *testing.F) {
	i := newIssuer(f, "k1")
	v := newVerifier(f, strictPolicy(jwt.Static(i.public(f))))
	f.Add(validHeader, validClaims, "")
	f.Add(change(f, validHeader, "JWT", "jwt"), validClaims, "")
	f.Add(validHeader, change(f, validClaims, "user-1", `\u0075ser`), "")
	f.Add(validHeader, validClaims, "=")
	f.Add(change(f, validHeader, "ES256", "none"), validClaims, "")
	f.Fuzz(func(t *testing.T, header, claims, suffix string) {
		raw := i.sign(t, header, claims) + suffix
		verified, err := v.Verify(t.Context(), raw)
		if err != nil {
			if verified.Subject != "" && autherr.CodeOf(err) != autherr.TokenExpired {
				t.Fatal("claims of a rejected token")
			}
			return
		}
		if suffix != "" {
			t.Fatalf("the suffix %q is accepted", suffix)
		}
		segments := strings.Split(raw, ".")
		signature := []byte(decode(t, segments[2]))
		digest := sha256.Sum256([]byte(segments[0] + "." + segments[1]))
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		if !ecdsa.Verify(i.Public().(*ecdsa.PublicKey), digest[:], r, s) {
			t.Fatal("the signature is invalid")
		}
		var plainHeader, plainClaims map[string]any
		if err := errors.Join(json.Unmarshal([]byte(header), &plainHeader), json.Unmarshal([]byte(claims), &plainClaims)); err != nil {
			t.Fatal(err)
		}
		if plainHeader["alg"] != "ES256" || plainHeader["kid"] != "k1" || plainHeader["crit"] != nil {
			t.Fatalf("accepted header: %v", plainHeader)
		}
		if plainClaims["iss"] != "https://issuer.example" || plainClaims["aud"] != "app" || plainClaims["sub"] != verified.Subject {
			t.Fatalf("accepted claims: %v", plainClaims)
		}
		accept(t, v, raw)
		rejected := segments[0] + "." + encode(claims+" ") + "." + segments[2]
		reject(t, v, rejected, "bad_signature")
	})
}

func decode(tb testing.TB, segment string) string {
	tb.Helper()
	text, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
