package integration_test

import (
	"bytes"
	"compress/flate"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// tokenAttacks are the attacks that consist only of a token, by id.
var tokenAttacks = map[string]attack{
	"J01": forged(func(m minter) []string {
		none := m.access(providertest.Unsigned())
		return []string{
			none, strings.TrimSuffix(none, "."), none + m.parts().signature,
			m.access(providertest.Header("alg", "none")), // signed nevertheless
		}
	}),
	"J02": forged(func(m minter) (bad []string) {
		for _, alg := range []string{"None", "NONE", "nOnE", "none ", " none", ""} {
			bad = append(bad, m.access(providertest.Unsigned(), providertest.Header("alg", alg)))
		}
		return append(bad, m.access(providertest.Unsigned(), rawHeader("alg", `"\u006eone"`)))
	}),
	"J03": forged(func(m minter) (bad []string) {
		key := m.issuer.Key()
		block, _ := pem.Decode(key.PEM())
		x, y := decoded(key.JWK()["x"].(string)), decoded(key.JWK()["y"].(string))
		for _, secret := range [][]byte{
			key.PEM(), bytes.TrimSpace(key.PEM()), block.Bytes, slices.Concat(x, y), slices.Concat([]byte{4}, x, y), x,
			[]byte(encode(key.JWK())), []byte(key.ID), nil,
		} {
			bad = append(bad, m.access(providertest.MAC(secret)), m.access(providertest.MAC(secret), providertest.Header("alg", key.Algorithm)))
		}
		return bad
	}),
	"J04": forged(eachHeader("alg", "ES384", "ES512", "RS256", "PS256", "HS256", "EdDSA", "ES256K")),
	"J06": forged(eachHeader("alg", "es256", "Es256", "ES256 ", " ES256", "ES256\x00", "E\u017f256", []string{"ES256"}, 256, true)),
	"J08": forged(func(m minter) []string {
		mine := providertest.NewKey(m.issuer.Key().ID)
		jwk := providertest.Header("jwk", mine.JWK())
		return []string{
			m.access(providertest.ForgedBy(mine), jwk),
			m.access(providertest.ForgedBy(mine), jwk, providertest.Header("kid", nil)),
			m.access(providertest.Header("jwk", m.issuer.Key().JWK())), // the right one
		}
	}),
	"J10": forged(func(m minter) []string {
		mine := providertest.ForgedBy(providertest.NewKey("mine"))
		return []string{
			m.access(mine, providertest.Header("x5c", []string{"MIIB"})),
			m.access(mine, providertest.Header("x5t#S256", m.issuer.Key().JWK()["x"])),
			m.access(providertest.Header("x5c", []string{"MIIB"})),
			m.access(providertest.Header("x5t#S256", m.issuer.Key().JWK()["x"])),
		}
	}),
	"J12": forged(func(m minter) (bad []string) {
		order := elliptic.P256().Params().N
		numbers := []*big.Int{new(big.Int), big.NewInt(1), new(big.Int).Sub(order, big.NewInt(1)), order}
		for _, r := range numbers {
			for _, s := range numbers {
				bad = append(bad, m.access(signature(slices.Concat(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))))))
			}
		}
		return bad
	}),
	"J14": forged(func(m minter) (bad []string) {
		p := m.parts()
		whole := decoded(p.signature)
		for _, length := range []int{0, 1, 32, 63} {
			bad = append(bad, p.signedWith(whole[:length]), m.access(signature(make([]byte, length))))
		}
		for _, length := range []int{65, 96, 128} {
			longer := append(slices.Clone(whole), make([]byte, length-len(whole))...)
			bad = append(bad, p.signedWith(longer), m.access(signature(make([]byte, length))))
		}
		return append(bad, p.signedWith(slices.Concat(whole[32:], whole[:32])))
	}),
	"J17": forged(func(m minter) (bad []string) {
		p := m.parts()
		for _, text := range []string{"=", "==", "\n", " ", "\t", "\r\n", "\x00", "%20", "+", "/", "\u200d"} {
			for _, at := range []int{0, 3, len(p.header), len(p.header) + 1 + len(p.claims), len(p.whole)} {
				bad = append(bad, p.whole[:at]+text+p.whole[at:])
			}
		}
		standard := strings.NewReplacer("-", "+", "_", "/")
		for range 100 { // until a character differs between the alphabets
			if whole := m.parts().whole; standard.Replace(whole) != whole {
				return append(bad, standard.Replace(whole), `"`+whole+`"`, "Bearer "+whole)
			}
		}
		return nil
	}),
	"J18": forged(func(m minter) []string {
		p := m.parts()
		valid := fmt.Sprintf(`{"protected":%q,"signature":%q}`, p.header, p.signature)
		wrong := fmt.Sprintf(`{"protected":%q,"signature":%q}`, p.header, strings.Repeat("A", 86))
		return []string{
			fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, p.claims, p.header, p.signature),
			fmt.Sprintf(`{"payload":%q,"signatures":[%s]}`, p.claims, valid),
			fmt.Sprintf(`{"payload":%q,"signatures":[%s,%s]}`, p.claims, valid, wrong),
			fmt.Sprintf(`{"payload":%q,"signatures":[%s,%s]}`, p.claims, wrong, valid),
		}
	}),
	"J19": forged(func(m minter) []string {
		p := m.parts()
		return []string{
			p.header, p.header + "." + p.claims, p.whole + ".", "." + p.whole, p.whole + "." + p.signature, p.whole + ".." + p.signature,
			"..", ".", "....", p.header + ".." + p.signature, "." + p.claims + "." + p.signature, p.claims + "." + p.header + "." + p.signature,
		}
	}),
	"J20": bombs(func(m minter) (bad []string) {
		p := m.parts()
		for _, header := range []string{
			`{"alg":"dir","enc":"A256GCM"}`, `{"alg":"ECDH-ES","enc":"A256GCM","epk":` + encode(m.issuer.Key().JWK()) + `}`,
			`{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2s":"AAAAAAAAAAA","p2c":2147483648}`,
		} {
			bad = append(bad, encoded(header)+".AAAA.AAAAAAAAAAAAAAAA."+p.claims+".AAAAAAAAAAAAAAAAAAAAAA", encoded(header)+"."+p.claims+"."+p.signature)
		}
		bomb := encoded(deflated(32 << 20))
		return append(bad,
			encoded(`{"alg":"dir","enc":"A256GCM","zip":"DEF"}`)+".."+"AAAAAAAAAAAAAAAA."+bomb+".AAAAAAAAAAAAAAAAAAAAAA",
			encoded(`{"alg":"ES256","zip":"DEF","kid":"`+m.issuer.Key().ID+`"}`)+"."+bomb+"."+p.signature)
	}),
	"J21": bombs(func(minter) []string {
		return []string{strings.Repeat("a.", 4<<10), strings.Repeat(".", 30_000), strings.Repeat("a.", 15_000), strings.Repeat("e30.", 7_000)}
	}),
	"J22": bombs(func(m minter) (bad []string) {
		for _, size := range []int{24 << 10, 28 << 10, 40 << 10} {
			bad = append(bad, m.access(providertest.Claim("padding", strings.Repeat("x", size))))
		}
		return bad
	}),
	"J23": forged(func(m minter) (bad []string) {
		for _, crit := range []any{
			[]string{"x"},
			[]string{},
			[]string{"exp", "exp"},
			[]string{"alg"},
			[]string{"b64"},
			[]string{"absent"},
			"exp", json.RawMessage("null"), true,
		} {
			bad = append(bad, m.access(providertest.Header("crit", crit), providertest.Header("x", 1), providertest.Header("exp", 1)))
		}
		return append(bad, m.access(providertest.Header("crit", []string{"b64"}), providertest.Header("b64", false)),
			m.access(providertest.Header("b64", false)))
	}),
	"J25": forged(func(m minter) []string {
		return []string{
			m.access(providertest.Header("cty", "JWT")), m.access(providertest.Header("zip", "DEF")),
			m.access(providertest.Header("cty", "JWT"), providertest.RawClaims(encode(m.access()))),
			m.access(providertest.Header("zip", "DEF"), providertest.RawClaims(string(deflated(1<<20)))),
		}
	}),
	"J26": forged(eachHeader("typ", "at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", "JOSE", "application/at+jwt", "JW",
		"", 7, []string{"JWT"})),
	"J27": forged(func(m minter) []string {
		return []string{
			m.issuer.IDToken(m.person), m.access(providertest.Claim("type", "client_id_token")), m.access(providertest.Claim("type", nil)),
			m.access(providertest.Claim("type", []string{"client_access_token"})), m.access(providertest.Claim("scope", "id")),
			m.access(providertest.Claim("scope", nil)),
		}
	}),
	"J29": forged(eachClaim("exp", nil, "null", `"9999999999"`, "1e300", "9223372036854775807", "-1", "true", "[9999999999]",
		`{"n":1}`, "99999999999999999999", "253402300800")),
	"J31": forged(func(m minter) []string {
		later := m.issuer.Now().Unix() + 120
		return []string{
			m.access(providertest.Claim("nbf", later)), m.access(providertest.Claim("nbf", "abc")), m.access(providertest.Claim("nbf", json.RawMessage("null"))),
			m.access(providertest.Claim("nbf", -1)), m.access(providertest.Claim("nbf", true)),
		}
	}),
	"J34": forged(eachClaim("iss", nil, "null", `""`, `"https://www.cotter.app/"`, `"http://www.cotter.app"`,
		`"HTTPS://WWW.COTTER.APP"`, `["https://www.cotter.app"]`,
		`"https://www.c\u043etter.app"`, `"https://www.cotter.app "`, `"https://www.cotter.app."`, `"https://www.cotter.app:443"`,
		`"https://www.cotter.app\u0000"`, `"https://www.cotter.app.example.com"`)),
	"J36": forgedUnregistered(eachClaim("sub", nil, "null", `""`, `7`, `["u"]`, `{"u":1}`, `"`+strings.Repeat("u", 256)+`"`, `" "`,
		`" u"`, `"u "`, `"u\n"`, `"u\u0000"`, `"\u001b[31m"`, `"u\u007f"`,
		`"u\ud800"`, `"u\ud801"`, `"\udc00u"`, "\"u\xff\"", "\"u\xc0\x80\"", "\"u\xed\xa0\x80\"", `"00000000-0000-0000-0000-000000000000"`)),
	"J37": forgedUnregistered(func(m minter) (bad []string) {
		for name, value := range map[string]string{
			"sub": `"` + providertest.SubjectOf("victim@example.com") + `"`, "iss": `"` + providertest.CotterIssuer + `"`,
			"aud": `"` + providertest.Audience + `"`, "exp": "9999999999", "type": `"access_token"`,
		} {
			bad = append(bad, m.access(afterClaims(fmt.Sprintf("%q:%s", name, value))))
			bad = append(bad, m.access(beforeClaims(fmt.Sprintf("%q:%s", name, value))))
		}
		return append(bad, m.access(afterClaims(`"s\u0075b":"u"`)))
	}),
	"J48": forged(func(m minter) []string {
		const another = "c0ffee00-0c52-4f52-9a3e-7d8f0a1b2c3d"
		return []string{
			m.access(providertest.Claim("aud", another)),
			m.access(providertest.Claim("aud", another), providertest.Claim("azp", providertest.Audience),
				providertest.Claim("client_id", providertest.Audience)),
		}
	}),
}

// minter issues the tokens of one user.
type minter struct {
	issuer *providertest.Issuer
	person string
}

func (m minter) access(edits ...providertest.Edit) string {
	return m.issuer.AccessToken(m.person, edits...)
}

// parts contains the parts of a valid token.
type parts struct{ whole, header, claims, signature string }

func (m minter) parts() parts {
	whole := m.access()
	three := strings.Split(whole, ".")
	return parts{whole, three[0], three[1], three[2]}
}

func (p parts) signedWith(signature []byte) string {
	return p.header + "." + p.claims + "." + encoded(signature)
}

func encoded[T string | []byte](text T) string {
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func decoded(text string) []byte {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return raw
}

// deflated returns compressed spaces (RFC 1951).
func deflated(spaces int) []byte {
	var text bytes.Buffer
	w, err := flate.NewWriter(&text, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	for range spaces >> 10 {
		_, _ = w.Write(bytes.Repeat([]byte(" "), 1<<10))
	}
	_ = w.Close()
	return text.Bytes()
}

// signature replaces the signature.
func signature(raw []byte) providertest.Edit {
	return func(t *providertest.Token) { t.Signature = func([]byte) []byte { return raw } }
}

// rawHeader sets a member of the header to raw JSON.
func rawHeader(name, text string) providertest.Edit {
	return providertest.Header(name, json.RawMessage(text))
}

// afterClaims adds a member after the claims, and signs them.
func afterClaims(member string) providertest.Edit {
	return func(t *providertest.Token) {
		t.RawClaims = strings.TrimSuffix(encode(t.Claims), "}") + "," + member + "}"
	}
}

// beforeClaims adds a member before the claims, and signs them.
func beforeClaims(member string) providertest.Edit {
	return func(t *providertest.Token) {
		t.RawClaims = "{" + member + "," + strings.TrimPrefix(encode(t.Claims), "{")
	}
}

// eachHeader issues a token for each value of a header member.
func eachHeader(name string, values ...any) func(minter) []string {
	return func(m minter) (bad []string) {
		for _, value := range values {
			bad = append(bad, m.access(providertest.Header(name, value)))
		}
		return bad
	}
}

// eachClaim issues a token for each value of a claim, which is JSON; nil
// removes the claim.
func eachClaim(name string, values ...any) func(minter) []string {
	return func(m minter) (bad []string) {
		for _, value := range values {
			if text, ok := value.(string); ok {
				value = json.RawMessage(text)
			}
			bad = append(bad, m.access(providertest.Claim(name, value)))
		}
		return bad
	}
}

// forged is an attack with tokens.
func forged(mint func(minter) []string) attack {
	return attack{run: func(t *testing.T, s *scene) {
		t.Helper()
		s.refusesTokens(t, s.program(ownSession), s.program(tokenBearer), mint)
	}}
}

// forgedUnregistered is forged for tokens that must register no user at all.
func forgedUnregistered(mint func(minter) []string) attack {
	return attack{run: func(t *testing.T, s *scene) {
		t.Helper()
		own, providerToken := s.start(t, ownSession), s.start(t, tokenBearer)
		s.refusesTokens(t, own, providerToken, mint)
		for _, p := range []*program{own, providerToken} {
			if got := p.database.rows(t); got.users != 1 || got.identities != 1 {
				t.Errorf("a user is registered: %+v", got)
			}
		}
	}, stored: true}
}

// bombs is forged for tokens that must cost almost nothing.
func bombs(mint func(minter) []string) attack {
	return attack{run: func(t *testing.T, s *scene) {
		t.Helper()
		own, providerToken := s.start(t, ownSession), s.start(t, tokenBearer)
		warm := func(m minter) []string { return []string{m.access(providertest.Unsigned())} }
		s.refusesTokens(t, own, providerToken, warm)
		before := []int{own.peakMemory(t), providerToken.peakMemory(t)}
		s.refusesTokens(t, own, providerToken, mint)
		for i, p := range []*program{own, providerToken} {
			const most = 64 << 10
			if grown := p.peakMemory(t) - before[i]; grown > most {
				t.Errorf("the memory of the program has grown by %d KiB, want at most %d", grown, most)
			}
		}
	}}
}

// refusesTokens proves that a user's token is accepted and that no token of the
// attack is: neither in a login nor as bearer where the provider's token is the
// session.
func (s *scene) refusesTokens(t *testing.T, own, providerToken *program, mint func(minter) []string) {
	t.Helper()
	m := minter{s.issuer(), uniqueEmail(t, "victim")}
	own.signedIn(t, own.login(t, posted(m.access())))
	providerToken.signedIn(t, providerToken.login(t, posted(m.access())))
	providerToken.me(t, bearer(m.access()))
	tokens := mint(m)
	if len(tokens) == 0 {
		t.Fatal("there are no tokens")
	}
	for _, bad := range tokens {
		for _, p := range []*program{own, providerToken} {
			p.rejectsLogin(t, m.person, posted(bad))
		}
		if fitsAHeader(bad) {
			providerToken.rejects(t, bearer(bad))
		}
		if t.Failed() {
			t.Fatalf("the token was %.2000q", bad)
		}
	}
}

// rejectsLogin posts a login whose tokens must be rejected.
func (p *program) rejectsLogin(t *testing.T, person string, payload map[string]any) {
	t.Helper()
	p.refused(t, providertest.SubjectOf(person), payload, http.StatusUnauthorized, "invalid_token")
}

// posted returns the payload with an access token only.
func posted(token string) map[string]any {
	return map[string]any{"oauth_token": map[string]any{"access_token": token}}
}

// fitsAHeader reports whether a program receives the token unchanged: no outer
// space, no forbidden byte, not too long.
func fitsAHeader(token string) bool {
	return len(token) < 28<<10 && !strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c >= 0x7f })
}
