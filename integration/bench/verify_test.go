package bench_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/auth0/go-jwt-middleware/v2/validator"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
	jwxt "github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const ada = "ada@example.com"

var errRefused = errors.New("refused")

// signed is a token that every contender verifies, and its issuer.
type signed struct {
	issuer *providertest.Issuer
	token  string
	key    *ecdsa.PublicKey
}

func newSigned(b *testing.B) signed {
	b.Helper()
	issuer := providertest.NewIssuer(b)
	block, _ := pem.Decode(issuer.Key().PEM())
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		b.Fatal(err)
	}
	return signed{issuer, issuer.AccessToken(ada), key.(*ecdsa.PublicKey)}
}

// keySet returns the issuer's key set as a document.
func (s signed) keySet(b *testing.B) []byte {
	b.Helper()
	document, err := json.Marshal(map[string]any{"keys": []any{s.issuer.Key().JWK()}})
	if err != nil {
		b.Fatal(err)
	}
	return document
}

// BenchmarkVerify is the check of a provider's token.
func BenchmarkVerify(b *testing.B) {
	s := newSigned(b)
	compare(b, "a provider token, not cached",
		contender{"ecdsa.VerifyASN1 of the hash", s.signatureAlone},
		contender{"cotterpin", s.cotterpin(0)},
		contender{"golang-jwt v5 + keyfunc v3", s.golangJWT},
		contender{"coreos/go-oidc v3", s.goOIDC},
		contender{"jwx v2, jws.Verify alone", s.jwsVerify},
		contender{"jwx v2, jwt.Parse with validation", s.jwtParse},
		contender{"auth0/go-jwt-middleware v2, its validator", s.auth0Validator},
	)
	compare(b, "the same token again",
		contender{"SHA-256 of the token and a map", s.digestAndMap},
		contender{"cotterpin", s.cotterpin(10_000)},
	)
}

func (s signed) signatureAlone(b *testing.B) func() error {
	b.Helper()
	last := strings.LastIndexByte(s.token, '.')
	concatenated, err := base64.RawURLEncoding.DecodeString(s.token[last+1:])
	if err != nil {
		b.Fatal(err)
	}
	half := len(concatenated) / 2
	signature, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(concatenated[:half]), new(big.Int).SetBytes(concatenated[half:])})
	if err != nil {
		b.Fatal(err)
	}
	hash := sha256.Sum256([]byte(s.token[:last]))
	return func() error {
		if !ecdsa.VerifyASN1(s.key, hash[:], signature) {
			return errRefused
		}
		return nil
	}
}

func (s signed) digestAndMap(*testing.B) func() error {
	token := []byte(s.token)
	known := map[[sha256.Size]byte]string{sha256.Sum256(token): ada}
	return func() error {
		if known[sha256.Sum256(token)] == "" {
			return errRefused
		}
		return nil
	}
}

// cotterpin is the whole of an empty guard: the header is read, the token is
// verified, and its claims are made a principal.
func (s signed) cotterpin(cache int) func(b *testing.B) func() error {
	return func(b *testing.B) func() error {
		b.Helper()
		kit := newKit(b, configuration(s.issuer, cache, `session "provider_token" { user = "none" }`, ""))
		request := core.RequestFromHTTP(bearerRequest(s.token))
		return func() error { return authenticate(kit, request) }
	}
}

func (s signed) golangJWT(b *testing.B) func() error {
	b.Helper()
	keys, err := keyfunc.NewJWKSetJSON(s.keySet(b))
	if err != nil {
		b.Fatal(err)
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(providertest.CotterIssuer),
		jwt.WithAudience(providertest.Audience), jwt.WithExpirationRequired())
	return func() error {
		_, err := parser.Parse(s.token, keys.Keyfunc)
		return err
	}
}

func (s signed) goOIDC(*testing.B) func() error {
	keys := &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{s.key}}
	verifier := oidc.NewVerifier(providertest.CotterIssuer, keys, &oidc.Config{
		ClientID: providertest.Audience, SupportedSigningAlgs: []string{oidc.ES256},
	})
	return func() error {
		_, err := verifier.Verify(context.Background(), s.token)
		return err
	}
}

func (s signed) jwsVerify(*testing.B) func() error {
	token := []byte(s.token)
	return func() error {
		_, err := jws.Verify(token, jws.WithKey(jwa.ES256, s.key))
		return err
	}
}

func (s signed) jwtParse(b *testing.B) func() error {
	b.Helper()
	keys, err := jwk.Parse(s.keySet(b))
	if err != nil {
		b.Fatal(err)
	}
	token := []byte(s.token)
	return func() error {
		_, err := jwxt.Parse(token, jwxt.WithKeySet(keys), jwxt.WithValidate(true),
			jwxt.WithIssuer(providertest.CotterIssuer), jwxt.WithAudience(providertest.Audience))
		return err
	}
}

func (s signed) auth0Validator(b *testing.B) func() error {
	b.Helper()
	v := s.newAuth0Validator(b)
	return func() error {
		_, err := v.ValidateToken(context.Background(), s.token)
		return err
	}
}

func (s signed) newAuth0Validator(b *testing.B) *validator.Validator {
	b.Helper()
	v, err := validator.New(func(context.Context) (any, error) { return s.key, nil },
		validator.ES256, providertest.CotterIssuer, []string{providertest.Audience})
	if err != nil {
		b.Fatal(err)
	}
	return v
}
