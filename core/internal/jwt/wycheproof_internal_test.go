package jwt

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/token"
)

// The module that has Project Wycheproof's test vectors, as in the standard
// library's tests. It has 134 MB and is in no go.mod.
const (
	wycheproofModule = "github.com/C2SP/wycheproof@v0.0.0-20250901140545-b51abcfb8daf"
	wycheproofSum    = "h1:5BKKVVVj676FUWirLcouEEL6GCYR9X0opkMlEUck8FY="
)

// Reasons why this package rejects what Wycheproof marks as valid.
const (
	sharedSecret  = "algorithms with a shared secret are not supported: each verifier could sign"
	emptyPayload  = "a JWT has claims"
	otherKeyAlg   = "the key is published for PS256 and the token is signed with PS384"
	unknownKeyAlg = "the key is published for ES521, which RFC 7518 does not define"
	otherPSS      = "RFC 7518, section 3.5: salt as long as the hash, MGF1 with the same hash"
)

// wycheproofFile contains what is used of a file of vectors.
type wycheproofFile struct {
	NumberOfTests int
	TestGroups    []wycheproofGroup
}

type wycheproofGroup struct {
	Public, Private json.RawMessage // JWK or JWK Set
	PublicKeyJwk    json.RawMessage
	PublicKeyAsn    string // PKCS #1, in hexadecimal
	Sha, Mgf        string
	MgfSha          string
	SLen            int
	Tests           []wycheproofTest
}

type wycheproofTest struct {
	TcID     int
	Comment  string
	JWS      any
	Msg, Sig string
	Result   string
}

// readWycheproof returns a file of vectors.
func readWycheproof(t *testing.T, directory, name string) wycheproofFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(directory, "testvectors_v1", name))
	if err != nil {
		t.Fatal(err)
	}
	var file wycheproofFile
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	n := 0
	for _, group := range file.TestGroups {
		n += len(group.Tests)
	}
	if n == 0 || n != file.NumberOfTests {
		t.Fatalf("%s: %d tests, want %d", name, n, file.NumberOfTests)
	}
	return file
}

// downloadWycheproof returns the directory of the module, or skips the test if it
// cannot be had and is not required.
func downloadWycheproof(t *testing.T) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", wycheproofModule)
	command.Dir = t.TempDir() // outside of any module
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	output, err := command.Output()
	var module struct{ Dir, Sum, Error string }
	if parsing := json.Unmarshal(output, &module); err == nil {
		err = parsing
	}
	switch {
	case err == nil && module.Sum == wycheproofSum:
		return module.Dir
	case err == nil:
		t.Fatalf("%s has the sum %s, want %s", wycheproofModule, module.Sum, wycheproofSum)
	case os.Getenv("REQUIRE_WYCHEPROOF") != "":
		t.Fatalf("%s cannot be downloaded: %v %s", wycheproofModule, err, module.Error)
	}
	t.Skipf("%s cannot be downloaded: %v %s", wycheproofModule, err, module.Error)
	return ""
}

// agreement compares results with those of Wycheproof.
type agreement struct {
	refusals map[string]string // deliberate, by file or file and test: the reason
	used     map[string]bool
	compared int
}

func (a *agreement) compare(t *testing.T, file string, test wycheproofTest, err error) {
	t.Helper()
	a.compared++
	id := fmt.Sprintf("%s %d", file, test.TcID)
	wanted := test.Result == "valid"
	reason, deliberate := a.refusals[id]
	switch {
	case deliberate && wanted && err != nil:
		a.used[id] = true
	case deliberate:
		t.Errorf("%s (%s): %v, %s; listed as refused because %s", id, test.Comment, err, test.Result, reason)
	case wanted != (err == nil):
		t.Errorf("%s (%s): got %v, want %s", id, test.Comment, err, test.Result)
	}
}

// refuse lists deliberate refusals.
func (a *agreement) refuse(reason, file string, tests ...int) {
	for _, test := range tests {
		a.refusals[fmt.Sprintf("%s %d", file, test)] = reason
	}
}

func TestWycheproof_Agrees(t *testing.T) {
	t.Parallel()
	directory := downloadWycheproof(t)
	for name, compare := range map[string]func(*testing.T, *agreement, string){
		"JWS":     compareJWS,
		"JWK":     compareJWK,
		"RSAPSS":  comparePSS,
		"ECDSA":   compareECDSA,
		"Ed25519": compareEd25519,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &agreement{refusals: map[string]string{}, used: map[string]bool{}}
			compare(t, a, directory)
			for id, reason := range a.refusals {
				if !a.used[id] {
					t.Errorf("%s is listed as refused because %s, but was not compared", id, reason)
				}
			}
			t.Logf("%d tests, %d deliberate refusals", a.compared, len(a.used))
		})
	}
}

func compareJWS(t *testing.T, a *agreement, directory string) {
	t.Helper()
	const name = "json_web_signature_test.json"
	a.refuse(sharedSecret, name, 1, 348, 352, 357, 358, 359, 372, 373, 376, 377)
	a.refuse(emptyPayload, name, 259, 264, 268, 272, 320, 325)
	a.refuse(otherKeyAlg, name, 346, 350)
	a.refuse(unknownKeyAlg, name, 347, 351)
	a.compareTokens(t, directory, name)
}

func compareJWK(t *testing.T, a *agreement, directory string) {
	t.Helper()
	const name = "json_web_key_test.json"
	a.refuse(sharedSecret, name, 2, 13, 14, 15)
	a.compareTokens(t, directory, name)
}

// compareTokens verifies JWS with the keys that their groups publish.
func (a *agreement) compareTokens(t *testing.T, directory, name string) {
	t.Helper()
	for _, group := range readWycheproof(t, directory, name).TestGroups {
		document := publishedBy(t, group)
		for _, test := range group.Tests {
			raw, compact := test.JWS.(string)
			err := errMalformedKey // the JSON serialization
			if compact {
				err = verifyJWS(document, raw)
			}
			a.compare(t, name, test, err)
		}
	}
}

// publishedBy returns the JWK Set that the issuer of a group publishes.
func publishedBy(t *testing.T, group wycheproofGroup) []byte {
	t.Helper()
	keys := group.Public
	if keys == nil {
		keys = group.Private
	}
	if bytes.Contains(keys, []byte(`"keys"`)) {
		return keys
	}
	return fmt.Appendf(nil, `{"keys":[%s]}`, keys)
}

// verifyJWS verifies a JWS whose payload need not be that of a JWT.
func verifyJWS(document []byte, raw string) error {
	set, err := parseJWKS(document)
	if err != nil {
		return err
	}
	if strings.ContainsAny(raw, "\r\n") {
		return invalid("malformed")
	}
	protected, rest, _ := strings.Cut(raw, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	object, err := decodeHeader(protected)
	if err != nil {
		return err
	}
	policy := (&Policy{Algorithms: token.Algorithms(), Types: []string{"JWT", "JOSE", ""}}).normalized()
	t := unverified{signed: protected + "." + payload}
	if t.header, err = policy.parseHeader(object); err != nil {
		return err
	}
	if _, err := decodeSegment(nil, payload); err != nil {
		return err
	}
	if t.signature, err = decodeSegment(nil, signature); err != nil {
		return err
	}
	t.header.keys = set.keys
	_, err = policy.authenticate(context.Background(), t, policy.authenticateWith)
	return err
}

func comparePSS(t *testing.T, a *agreement, directory string) {
	t.Helper()
	algorithms := map[string]struct {
		name string
		size int
	}{"SHA-256": {"PS256", 32}, "SHA-384": {"PS384", 48}, "SHA-512": {"PS512", 64}}
	for _, name := range wycheproofFiles(t, directory, "rsa_pss_*_test.json") {
		for _, group := range readWycheproof(t, directory, name).TestGroups {
			algorithm, supported := algorithms[group.Sha]
			if !supported {
				continue
			}
			key := rsaKeyOf(t, group, algorithm.name)
			sameAsJWA := group.Mgf == "MGF1" && group.MgfSha == group.Sha && group.SLen == algorithm.size
			for _, test := range group.Tests {
				if !sameAsJWA {
					if test.Result != "valid" {
						continue // it may be valid with the parameters of JWA
					}
					a.refuse(otherPSS, name, test.TcID)
				}
				a.compare(t, name, test, verifyVector(t, key, test))
			}
		}
	}
}

// rsaKeyOf returns the key of a group, as published.
func rsaKeyOf(t *testing.T, group wycheproofGroup, alg string) token.Key {
	t.Helper()
	public, err := x509.ParsePKCS1PublicKey(fromHex(t, group.PublicKeyAsn))
	if err != nil {
		t.Fatal(err)
	}
	return onlyKey(t, rsaEntry(public, alg), alg)
}

func rsaEntry(public *rsa.PublicKey, alg string) string {
	encode := func(n *big.Int) string { return base64url.EncodeToString(n.Bytes()) }
	return fmt.Sprintf(`{"kty":"RSA","alg":%q,"n":%q,"e":%q}`, alg, encode(public.N), encode(big.NewInt(int64(public.E))))
}

func compareECDSA(t *testing.T, a *agreement, directory string) {
	t.Helper()
	for name, alg := range map[string]string{
		"ecdsa_secp256r1_sha256_p1363_test.json": "ES256",
		"ecdsa_secp384r1_sha384_p1363_test.json": "ES384",
		"ecdsa_secp521r1_sha512_p1363_test.json": "ES512",
	} {
		a.compareKeys(t, directory, name, alg)
	}
}

func compareEd25519(t *testing.T, a *agreement, directory string) {
	t.Helper()
	a.compareKeys(t, directory, "ed25519_test.json", "EdDSA")
}

// compareKeys verifies signatures with the published key of each group.
func (a *agreement) compareKeys(t *testing.T, directory, name, alg string) {
	t.Helper()
	for _, group := range readWycheproof(t, directory, name).TestGroups {
		key := onlyKey(t, string(group.PublicKeyJwk), alg)
		for _, test := range group.Tests {
			a.compare(t, name, test, verifyVector(t, key, test))
		}
	}
}

// onlyKey returns the key of a JWK Set with one entry.
func onlyKey(t *testing.T, entry, alg string) token.Key {
	t.Helper()
	set, err := parseJWKS([]byte(`{"keys":[` + entry + `]}`))
	if err != nil {
		t.Fatalf("%s: %v", entry, err)
	}
	key, err := set.keys.Key(t.Context(), token.KeyQuery{Algorithm: alg})
	if err != nil {
		t.Fatalf("%s: %v", entry, err)
	}
	return key
}

func verifyVector(t *testing.T, key token.Key, test wycheproofTest) error {
	t.Helper()
	return verifySignature(unverified{
		header:    header{algorithm: key.Algorithm},
		signed:    string(fromHex(t, test.Msg)),
		signature: fromHex(t, test.Sig),
	}, key)
}

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// wycheproofFiles returns the names of the files that match a pattern.
func wycheproofFiles(t *testing.T, directory, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(directory, "testvectors_v1", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no files, %v", pattern, err)
	}
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	return names
}
