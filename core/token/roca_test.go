package token_test

import (
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"testing"

	"github.com/cotterpin/cotterpin/core/token"
)

func TestNewKey_FactorableModulus(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := token.NewKey("k1", "RS256", &private.PublicKey); err != nil {
		t.Fatal(err)
	}
	product := big.NewInt(2) // of the primes up to 167
	for n := int64(3); n <= 167; n += 2 {
		if big.NewInt(n).ProbablyPrime(0) {
			product.Mul(product, big.NewInt(n))
		}
	}
	// Like the moduli of CVE-2017-15361: a power of 65537 modulo the product.
	modulus := new(big.Int).Exp(big.NewInt(65537), big.NewInt(12345), product)
	multiple := new(big.Int).Div(private.N, product)
	modulus.Add(modulus, multiple.Mul(multiple, product))
	if _, err := token.NewKey("k1", "RS256", &rsa.PublicKey{N: modulus, E: 65537}); err == nil {
		t.Error("a key that can be factored is accepted")
	}
}
