package session

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"
)

func TestParseOpaque(t *testing.T) {
	t.Parallel()
	token := newOpaque()
	valid := token.String()
	if len(valid) != 70 {
		t.Fatalf("the token has %d characters, want 70", len(valid))
	}
	if parsed, ok := parseOpaque(valid); !ok || parsed != token {
		t.Fatal("the token is not parsed back")
	}
	lookup, secret, _ := strings.Cut(valid, ".")
	bad := map[string]string{
		"Empty":                "",
		"PrefixAlone":          opaquePrefix,
		"NoPrefix":             strings.TrimPrefix(valid, opaquePrefix),
		"OtherPrefix":          "cpr_" + strings.TrimPrefix(valid, opaquePrefix),
		"PrefixInUpperCase":    strings.Replace(valid, opaquePrefix, "CPS_", 1),
		"PrefixTwice":          opaquePrefix + valid,
		"NoDot":                lookup + secret,
		"TwoDots":              valid + ".",
		"DotsInside":           lookup + ".." + secret,
		"OtherSeparator":       lookup + "," + secret,
		"NoLookup":             opaquePrefix + "." + secret,
		"NoSecret":             lookup + ".",
		"ShortLookup":          lookup[:len(lookup)-1] + "." + secret,
		"LongLookup":           lookup + "A." + secret,
		"ShortSecret":          valid[:len(valid)-1],
		"LongSecret":           valid + "A",
		"Swapped":              opaquePrefix + secret + "." + strings.TrimPrefix(lookup, opaquePrefix),
		"Padded":               lookup + "==." + secret + "=",
		"StandardAlphabet":     lookup + "." + "+/" + secret[2:],
		"SpaceBefore":          " " + valid,
		"SpaceBehind":          valid + " ",
		"LineBreakBehind":      valid + "\n",
		"LineBreaksInside":     lookup + "." + "\r\n" + secret[2:],
		"LineBreaksInLookup":   opaquePrefix + "\n\n" + lookup[len(opaquePrefix)+2:] + "." + secret,
		"NUL":                  lookup + "." + "\x00" + secret[1:],
		"NotASCII":             lookup + "." + "é" + secret[2:],
		"SlackBitsOfTheLookup": lookup[:len(lookup)-1] + "B." + secret,
		"SlackBitsOfTheSecret": valid[:len(valid)-1] + "B",
	}
	for name, raw := range bad {
		if _, ok := parseOpaque(raw); ok {
			t.Errorf("%s: %q is parsed", name, raw)
		}
	}
}

func TestNewOpaque_Distinct(t *testing.T) {
	t.Parallel()
	const n = 10_000
	lookups, secrets := make(map[Lookup]bool), make(map[[32]byte]bool)
	ones := 0
	for range n {
		token := newOpaque()
		lookups[token.lookup], secrets[token.secret] = true, true
		for _, b := range token.secret {
			for ; b != 0; b &= b - 1 {
				ones++
			}
		}
	}
	if len(lookups) != n || len(secrets) != n {
		t.Errorf("%d lookups and %d secrets of %d tokens differ", len(lookups), len(secrets), n)
	}
	// The standard deviation is 800 bits; ten of them never happen by chance.
	if mean := n * 128; ones < mean-8000 || ones > mean+8000 {
		t.Errorf("%d of %d bits are set", ones, n*256)
	}
}

func TestOpaque_Matches(t *testing.T) {
	t.Parallel()
	token := newOpaque()
	if !token.matches(sha256.Sum256(token.secret[:])) {
		t.Fatal("the secret does not match its own hash")
	}
	for i := range 32 {
		hash := token.hash()
		hash[i] ^= 1
		if token.matches(hash) {
			t.Errorf("the secret matches a hash that differs in byte %d", i)
		}
	}
	if token.matches(token.secret) || token.matches([32]byte{}) {
		t.Error("the secret matches another value")
	}
}

func FuzzParseOpaque(f *testing.F) {
	valid := opaque{}.String()
	for _, seed := range []string{valid, valid + "=", valid[:69] + "B", "cps_" + valid, strings.Repeat("\n", 70), ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if token, ok := parseOpaque(raw); ok && token.String() != raw {
			t.Errorf("%q is formatted as %q", raw, token.String())
		}
	})
}

// TestNewOpaque_NoRandomness runs itself with a random source that fails: the
// process must end without a token.
func TestNewOpaque_NoRandomness(t *testing.T) {
	t.Parallel()
	const broken = "COTTERPIN_TEST_BROKEN_RANDOM"
	if os.Getenv(broken) == "yes" {
		rand.Reader = iotest.ErrReader(errors.New("no entropy"))
	}
	if os.Getenv(broken) != "" {
		os.Stdout.WriteString(newOpaque().String())
		os.Exit(0)
	}
	child := func(value string) (stdout string, err error) {
		command := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		command.Env = append(os.Environ(), broken+"="+value)
		out, err := command.Output()
		return string(out), err
	}
	if out, err := child("no"); err != nil || !strings.Contains(out, opaquePrefix) {
		t.Fatalf("with random numbers: %v, %q", err, out)
	}
	if out, err := child("yes"); err == nil || strings.Contains(out, opaquePrefix) {
		t.Errorf("without: %v, %q", err, out)
	}
}
