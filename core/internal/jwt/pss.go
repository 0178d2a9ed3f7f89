package jwt

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/lestrrat-go/jwx/v2/jws"
)

// pssVerifier verifies RSASSA-PSS signatures over that hash whose salt is as long
// as the hash (RFC 7518, section 3.5). The library accepts a salt of any length.
type pssVerifier crypto.Hash

var _ jws.Verifier = pssVerifier(0)

// Verify implements [jws.Verifier].
func (v pssVerifier) Verify(signed, signature []byte, public any) error {
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return errors.New("jwt: not an RSA key")
	}
	digest := crypto.Hash(v).New()
	digest.Write(signed)
	options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	if err := rsa.VerifyPSS(key, crypto.Hash(v), digest.Sum(nil), signature, options); err != nil {
		return fmt.Errorf("jwt: %w", err)
	}
	return nil
}
