package jwt_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/cotterpin/cotterpin/core/token"
)

// recipe specifies how a token of the corpus is minted. The README of the corpus
// describes its lines.
type recipe struct {
	header, claims section
	sign           []string   // algorithm and key
	signature      [][]string // changes of the signature, in order
	token          string     // how the segments are joined
}

// section is a header or a set of claims.
type section struct {
	members []string // each as "name":value
	text    *string  // in place of the members
}

// follow applies the lines of a recipe.
func (r *recipe) follow(tb testing.TB, lines []string) {
	tb.Helper()
	for _, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "set", "remove", "append", "prepend":
			target, value, _ := strings.Cut(rest, " ")
			name, member, _ := strings.Cut(target, ".")
			r.section(tb, name).edit(tb, word, `"`+member+`":`, value)
		case "text":
			name, text, _ := strings.Cut(rest, " ")
			r.section(tb, name).text = &text
		case "sign":
			r.sign = strings.Fields(rest)
		case "signature":
			r.signature = append(r.signature, strings.Fields(rest))
		case "token":
			r.token = rest
		default:
			tb.Fatalf("%q is not a line of a recipe", line)
		}
	}
}

func (r *recipe) section(tb testing.TB, name string) *section {
	tb.Helper()
	switch name {
	case "header":
		return &r.header
	case "claims":
		return &r.claims
	}
	tb.Fatalf("%q is neither header nor claims", name)
	return nil
}

func (s *section) edit(tb testing.TB, word, prefix, value string) {
	tb.Helper()
	at := slices.IndexFunc(s.members, func(m string) bool { return strings.HasPrefix(m, prefix) })
	switch {
	case word == "prepend":
		s.members = slices.Insert(s.members, 0, prefix+value)
	case word == "remove" && at >= 0:
		s.members = slices.Delete(s.members, at, at+1)
	case word == "set" && at >= 0:
		s.members[at] = prefix + value
	case word == "set", word == "append":
		s.members = append(s.members, prefix+value)
	default:
		tb.Fatalf("no %s to %s", prefix, word)
	}
}

func (s *section) json() string {
	if s.text != nil {
		return *s.text
	}
	return "{" + strings.Join(s.members, ",") + "}"
}

// mint returns the token. base is the token that the recipe is based on, if any.
func (r *recipe) mint(tb testing.TB, keys map[string]any, base string) string {
	tb.Helper()
	fill := func(text string) string { return placeholders(tb, keys, text, nil) }
	header, claims := []byte(fill(r.header.json())), []byte(fill(r.claims.json()))
	signed := encode(string(header)) + "." + encode(string(claims))
	signature := sign(tb, keys, r.sign, signed)
	for _, words := range r.signature {
		signature = spoil(tb, signature, words, base)
	}
	if r.token == "" {
		return signed + "." + encode(string(signature))
	}
	return placeholders(tb, keys, r.token, map[string][]byte{"header": header, "claims": claims, "signature": signature})
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// placeholders replaces each ${}. parts are the bytes of the segments.
func placeholders(tb testing.TB, keys map[string]any, text string, parts map[string][]byte) string {
	tb.Helper()
	return placeholder.ReplaceAllStringFunc(text, func(match string) string {
		inner := match[2 : len(match)-1]
		word, rest, _ := strings.Cut(inner, " ")
		switch {
		case strings.HasPrefix(word, "now"):
			seconds := 0
			if word != "now" {
				seconds = number(tb, word[len("now"):])
			}
			return strconv.Itoa(corpusNow + seconds)
		case word == "bytes":
			return string(unhex(tb, rest))
		case word == "repeat":
			count, repeated, _ := strings.Cut(rest, " ")
			return strings.Repeat(repeated, number(tb, count))
		case word == "deflate":
			return deflated(tb, number(tb, rest))
		case word == "jwk":
			return publicJWK(tb, keys, rest)
		case parts[word] != nil:
			return encode(string(parts[word]))
		case parts[rest] != nil:
			return segment(tb, word, parts[rest])
		}
		tb.Fatalf("unknown placeholder %s", match)
		return ""
	})
}

// segment encodes bytes in a way that a verifier must reject.
func segment(tb testing.TB, how string, raw []byte) string {
	tb.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	switch how {
	case "padded":
		return base64.URLEncoding.EncodeToString(raw)
	case "standard":
		return base64.RawStdEncoding.EncodeToString(raw)
	case "slack": // an unused bit after the last byte is set
		text := encode(string(raw))
		last := len(text) - 1
		if len(text)%4 == 0 {
			tb.Fatal("there are no unused bits")
		}
		return text[:last] + string(alphabet[strings.IndexByte(alphabet, text[last])+1])
	case "broken": // by a line end
		text := encode(string(raw))
		return text[:len(text)/2] + "\n" + text[len(text)/2:]
	}
	tb.Fatalf("unknown encoding %q", how)
	return ""
}

func deflated(tb testing.TB, spaces int) string {
	tb.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		tb.Fatal(err)
	}
	_, _ = w.Write(bytes.Repeat([]byte(" "), spaces))
	w.Close()
	return out.String()
}

// sign returns a signature, which is deterministic where the algorithm allows it
// (RFC 6979).
func sign(tb testing.TB, keys map[string]any, words []string, signed string) []byte {
	tb.Helper()
	if len(words) == 1 && words[0] == "nothing" {
		return nil
	}
	alg, name := words[0], words[1]
	if alg == "HS256" {
		mac := hmac.New(sha256.New, sharedSecret(tb, keys, name))
		mac.Write([]byte(signed))
		return mac.Sum(nil)
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[2:]]
	digest := []byte(signed)
	if hash != 0 {
		h := hash.New()
		h.Write([]byte(signed))
		digest = h.Sum(nil)
	}
	var signature []byte
	var err error
	switch key := keys[name].(type) {
	case *ecdsa.PrivateKey:
		var der []byte
		if der, err = key.Sign(nil, digest, hash); err == nil {
			r, s := readDER(tb, der)
			size := (key.Params().BitSize + 7) / 8
			signature = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		}
	case *rsa.PrivateKey:
		var opts crypto.SignerOpts = hash
		if alg[:2] == "PS" {
			opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
		}
		signature, err = key.Sign(rand.Reader, digest, opts)
	case ed25519.PrivateKey:
		signature = ed25519.Sign(key, digest)
	default:
		tb.Fatalf("unknown key %q", name)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return signature
}

// sharedSecret returns a form of a public key that a verifier could use as an
// HMAC secret.
func sharedSecret(tb testing.TB, keys map[string]any, name string) []byte {
	tb.Helper()
	if name == "empty" {
		return nil
	}
	name, form, _ := strings.Cut(name, ".")
	public := publicOf(tb, keys, name)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		tb.Fatal(err)
	}
	switch form {
	case "der":
		return der
	case "pem":
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	case "jwk":
		return []byte(publicJWK(tb, keys, name))
	case "n":
		return public.(*rsa.PublicKey).N.Bytes()
	}
	point, err := public.(*ecdsa.PublicKey).Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	return map[string][]byte{"xy": point[1:], "x": point[1:33], "point": point}[form]
}

// spoil changes a signature of ES256.
func spoil(tb testing.TB, signature []byte, words []string, base string) []byte {
	tb.Helper()
	r, s := new(big.Int).SetBytes(signature[:len(signature)/2]), new(big.Int).SetBytes(signature[len(signature)/2:])
	switch words[0] {
	case "of-base":
		copied, err := base64.RawURLEncoding.DecodeString(base[strings.LastIndexByte(base, '.')+1:])
		if err != nil {
			tb.Fatal(err)
		}
		return copied
	case "bytes":
		return unhex(tb, words[1])
	case "cut":
		return signature[:number(tb, words[1])]
	case "zeros":
		return append(signature, make([]byte, number(tb, words[1])-len(signature))...)
	case "swapped":
		return half(s, r)
	case "malleated":
		return half(r, new(big.Int).Sub(orderP256, s))
	case "rs":
		return half(scalar(tb, words[1]), scalar(tb, words[2]))
	case "der":
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			tb.Fatal(err)
		}
		return der
	}
	tb.Fatalf("unknown change of a signature %q", words)
	return nil
}

// scalar parses 0, 1, n, n-1 and n+1.
func scalar(tb testing.TB, text string) *big.Int {
	tb.Helper()
	offset, ofOrder := strings.CutPrefix(text, "n")
	if ofOrder && offset == "" {
		offset = "0"
	}
	x := big.NewInt(int64(number(tb, offset)))
	if ofOrder {
		x.Add(x, orderP256)
	}
	return x
}

func half(r, s *big.Int) []byte {
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func readDER(tb testing.TB, der []byte) (r, s *big.Int) {
	tb.Helper()
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		tb.Fatal(err)
	}
	return rs.R, rs.S
}

func unhex(tb testing.TB, text string) []byte {
	tb.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func number(tb testing.TB, text string) int {
	tb.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// readKeys returns the private keys of the corpus by name.
func readKeys(tb testing.TB) map[string]any {
	tb.Helper()
	text, err := os.ReadFile("testdata/corpus/keys.json")
	if err != nil {
		tb.Fatal(err)
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		tb.Fatal(err)
	}
	keys := map[string]any{}
	for name, entry := range entries {
		parsed, err := jwk.ParseKey(entry)
		if err != nil {
			tb.Fatal(err)
		}
		var private any
		if err := parsed.Raw(&private); err != nil {
			tb.Fatal(err)
		}
		keys[name] = private
	}
	return keys
}

func publicOf(tb testing.TB, keys map[string]any, name string) crypto.PublicKey {
	tb.Helper()
	private, ok := keys[name].(interface{ Public() crypto.PublicKey })
	if !ok {
		tb.Fatalf("unknown key %q", name)
	}
	return private.Public()
}

// publicJWK returns the public part of a key on P-256 as published.
func publicJWK(tb testing.TB, keys map[string]any, name string) string {
	tb.Helper()
	public, ok := publicOf(tb, keys, name).(*ecdsa.PublicKey)
	if !ok {
		tb.Fatalf("%s is not on P-256", name)
	}
	point, err := public.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k1",
		"x": encode(string(point[1:33])), "y": encode(string(point[33:])),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// published returns a key as passed to a verifier.
func published(tb testing.TB, keys map[string]any, name, kid, alg string) token.Key {
	tb.Helper()
	key, err := token.NewKey(kid, alg, publicOf(tb, keys, name))
	if err != nil {
		tb.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	return key
}
