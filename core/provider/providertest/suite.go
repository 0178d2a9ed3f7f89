package providertest

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
)

// Subject is a type of provider under test, one whose credentials are tokens
// that an [Issuer] can sign.
type Subject struct {
	// Open returns a new provider that believes the issuer's tokens for
	// [Audience], with the default [provider.Common], and takes the keys from
	// the issuer's URL.
	Open func(t *testing.T, i *Issuer) provider.Provider

	// Mint returns a good credential for a login of somebody, with the edits
	// made in the token of the deciding slot.
	Mint func(i *Issuer, identifier string, edits ...Edit) provider.Credential

	// Slot is the deciding slot.
	Slot provider.Slot
}

// Run proves that a provider accepts what it must, refuses what none may
// accept, and never takes "could not check" for either. The provider's own
// rules are for its own tests.
func Run(t *testing.T, s Subject) {
	t.Helper()
	t.Run("AGoodCredentialIsAccepted", s.goodCredential)
	t.Run("ABadCredentialIsRefused", s.badCredentials)
	t.Run("AnExpiredCredentialIsCalledExpired", s.expired)
	t.Run("AnExpiredCredentialWithAnotherFaultIsCalledInvalid", s.expiredAndWrong)
	t.Run("AnOldTokenIsTooOldForALoginOnly", s.loginMaxAge)
	t.Run("UnreachableKeysSayNothingAboutACredential", s.unreachableKeys)
	t.Run("KeysThatComeBackAreFound", s.recovery)
	t.Run("ARotatedKeyIsFound", s.rotation)
	t.Run("EachOfManyCallersIsToldItsOwnSubject", s.concurrentUse)
	t.Run("TheProviderIsAddressedByItsTokens", s.issuers)
}

const ada = "ada@example.com"

// opened returns a new issuer and a provider that has accepted a token of it,
// and may remember one.
func (s Subject) opened(t *testing.T) (*Issuer, provider.Provider) {
	t.Helper()
	i := NewIssuer(t)
	p := s.Open(t, i)
	good := s.Mint(i, ada)
	for _, c := range []provider.Credential{good, s.request(good), s.request(good)} {
		if _, err := p.Verify(t.Context(), c); err != nil {
			t.Fatalf("a good credential is refused: %v", err)
		}
	}
	return i, p
}

// request returns the credential as it recognises the caller of a request.
func (s Subject) request(c provider.Credential) provider.Credential {
	return provider.Credential{Use: provider.Request}.WithToken(s.Slot, c.Token(s.Slot))
}

func (s Subject) goodCredential(t *testing.T) {
	t.Parallel()
	i, p := s.opened(t)
	login := s.Mint(i, ada)
	for _, use := range []struct {
		name string
		provider.Credential
	}{{"login", login}, {"request", s.request(login)}, {"the same request", s.request(login)}} {
		name, c := use.name, use.Credential
		id, err := p.Verify(t.Context(), c)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if id.Issuer == "" || id.Subject != SubjectOf(ada) {
			t.Errorf("%s: key is %+v, want subject %s and an issuer", name, id.Key, SubjectOf(ada))
		}
		if len(id.Audience) != 1 || id.Audience[0] != Audience {
			t.Errorf("%s: audience is %q, want %q", name, id.Audience, Audience)
		}
		if age := i.Now().Sub(id.IssuedAt); age < 0 || age > time.Minute {
			t.Errorf("%s: the token was issued %v ago, want just now", name, age)
		}
		if !id.ExpiresAt.After(id.IssuedAt) {
			t.Errorf("%s: expires at %v, issued at %v", name, id.ExpiresAt, id.IssuedAt)
		}
	}
}

func (s Subject) badCredentials(t *testing.T) {
	t.Parallel()
	i, p := s.opened(t)
	signed := s.Mint(i, ada).Token(s.Slot)
	future := i.Now().Add(time.Hour).Unix()

	edits := map[string]Edit{
		"alg none":                        Unsigned(),
		"alg none with the signature":     Header("alg", "none"),
		"HS256 with the public key":       MAC(i.Key().PEM()),
		"alg of another curve":            Header("alg", "ES384"),
		"alg in another letter case":      Header("alg", "es256"),
		"alg missing":                     Header("alg", nil),
		"unknown kid":                     Header("kid", "unknown"),
		"kid is a number":                 Header("kid", 7),
		"signed by another key":           ForgedBy(NewKey(i.Key().ID)),
		"crit":                            Header("crit", []string{"exp"}),
		"key in the header":               all(ForgedBy(foreign), Header("jwk", foreign.JWK())),
		"type of another token":           Header("typ", "logout+jwt"),
		"issuer missing":                  Claim("iss", nil),
		"issuer of somebody else":         Claim("iss", "https://id.example.org"),
		"issuer with another ending":      suffix("iss", "/"),
		"audience missing":                Claim("aud", nil),
		"audience of another application": Claim("aud", "c0ffee00-0c52-4f52-9a3e-7d8f0a1b2c3d"),
		"audience is a prefix":            Claim("aud", Audience[:8]),
		"audience in another letter case": Claim("aud", strings.ToUpper(Audience)),
		"audience is empty":               Claim("aud", ""),
		"audience is an empty list":       Claim("aud", []string{}),
		"audience is among others":        Claim("aud", []string{Audience, "evil"}),
		"subject missing":                 Claim("sub", nil),
		"subject is empty":                Claim("sub", ""),
		"subject is a number":             Claim("sub", 7),
		"subject ends with a blank":       Claim("sub", SubjectOf(ada)+" "),
		"subject of 256 bytes":            Claim("sub", strings.Repeat("a", 256)),
		"expiry missing":                  Claim("exp", nil),
		"expiry is a text":                Claim("exp", fmt.Sprint(future)),
		"not yet valid":                   Claim("nbf", future),
		"issued in the future":            Claim("iat", future),
		"a member twice":                  RawClaims(`{"sub":"a","sub":"b"}`),
		"claims are no object":            RawClaims(`["sub"]`),
		"header is no object":             RawHeader(`"ES256"`),
	}
	for name, edit := range edits {
		s.refuse(t, p, name, s.Mint(i, ada, edit))
	}

	good := s.Mint(i, ada)
	header, rest, _ := strings.Cut(signed, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	_, otherRest, _ := strings.Cut(s.Mint(i, "eve@example.com").Token(s.Slot), ".")
	otherClaims, _, _ := strings.Cut(otherRest, ".")
	for name, raw := range map[string]string{
		"no token":                "",
		"garbage":                 "garbage",
		"only dots":               "..",
		"claims of somebody else": header + "." + otherClaims + "." + signature,
		"signature missing":       header + "." + claims + ".",
		"signature cut":           signed[:len(signed)-2],
		"four parts":              signed + "." + signature,
		"a blank behind":          signed + " ",
		"a line break behind":     signed + "\n",
		"padding":                 signed + "==",
		"JSON form":               fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, claims, header, signature),
		"very long":               strings.Repeat("a.", 1<<19),
	} {
		s.refuse(t, p, name, good.WithToken(s.Slot, raw))
	}

	swapped := provider.Credential{Use: provider.Login, AccessToken: good.IDToken, IDToken: good.AccessToken}
	s.refuse(t, p, "slots swapped", swapped)
}

// foreign is a key that no issuer publishes.
var foreign = NewKey("foreign")

func all(edits ...Edit) Edit {
	return func(t *Token) {
		for _, edit := range edits {
			edit(t)
		}
	}
}

func suffix(claim, text string) Edit {
	return func(t *Token) { t.Claims[claim] = t.Claims[claim].(string) + text }
}

// refuse demands InvalidToken at a login, and for a request by the same token.
func (s Subject) refuse(t *testing.T, p provider.Provider, name string, c provider.Credential) {
	t.Helper()
	s.want(t, p, name+", at a login", c, autherr.InvalidToken)
	s.want(t, p, name+", at a request", s.request(c), autherr.InvalidToken)
}

// want demands an error of that code, "" being none.
func (s Subject) want(t *testing.T, p provider.Provider, name string, c provider.Credential, code autherr.Code) {
	t.Helper()
	id, err := p.Verify(t.Context(), c)
	switch {
	case err == nil && code == "":
	case err == nil:
		t.Errorf("%s: accepted as %+v, want %s", name, id.Key, code)
	case autherr.CodeOf(err) != code:
		t.Errorf("%s: %v, want %s", name, err, cmp.Or(code, "acceptance"))
	case autherr.ReasonOf(err) == "":
		t.Errorf("%s: the error has no reason", name)
	case id.Key != identity.Key{}:
		t.Errorf("%s: an identity beside the error: %+v", name, id.Key)
	}
}

func (s Subject) expired(t *testing.T) {
	t.Parallel()
	i, p := s.opened(t)
	c := s.Mint(i, ada, Claim("iat", i.Now().Unix()-600), Claim("exp", i.Now().Unix()-300))
	s.want(t, p, "at a login", c, autherr.TokenExpired)
	s.want(t, p, "at a request", s.request(c), autherr.TokenExpired)
	s.want(t, p, "within the clock skew", s.Mint(i, ada, Claim("exp", i.Now().Unix()-5)), "")
}

func (s Subject) expiredAndWrong(t *testing.T) {
	t.Parallel()
	i, p := s.opened(t)
	past := Claim("exp", i.Now().Unix()-300)
	for name, edit := range map[string]Edit{
		"issuer":    Claim("iss", "https://id.example.org"),
		"audience":  Claim("aud", "other"),
		"signature": ForgedBy(foreign),
	} {
		s.refuse(t, p, name, s.Mint(i, ada, past, edit))
	}
}

func (s Subject) loginMaxAge(t *testing.T) {
	t.Parallel()
	i, p := s.opened(t)
	limit := provider.DefaultCommon().LoginMaxAge.Std()
	issued := func(ago time.Duration) provider.Credential {
		return s.Mint(i, ada, Claim("iat", i.Now().Add(-ago).Unix()))
	}
	s.want(t, p, "a younger token at a login", issued(limit-time.Minute), "")
	s.want(t, p, "an older token at a login", issued(limit+time.Minute), autherr.TokenExpired)
	s.want(t, p, "an older token at a request", s.request(issued(limit+time.Minute)), "")
}

func (s Subject) unreachableKeys(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Failing, Slow, Garbage, Huge, Empty, Redirect} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			i := NewIssuer(t)
			p := s.Open(t, i)
			i.SetJWKS(mode)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if _, err := p.Verify(ctx, s.Mint(i, ada)); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
				t.Errorf("Verify: %v, want %s", err, autherr.TemporarilyUnavailable)
			}
			if checker, ok := p.(provider.Checker); ok && checker.Check(ctx) == nil {
				t.Error("Check says that credentials can be verified")
			}
		})
	}
}

func (s Subject) recovery(t *testing.T) {
	t.Parallel()
	i := NewIssuer(t)
	p := s.Open(t, i)
	i.SetJWKS(Failing)
	s.want(t, p, "keys down", s.Mint(i, ada), autherr.TemporarilyUnavailable)
	i.SetJWKS(OK)
	s.want(t, p, "keys back", s.Mint(i, ada), "")
	if checker, ok := p.(provider.Checker); ok {
		if err := checker.Check(t.Context()); err != nil {
			t.Errorf("Check: %v", err)
		}
	}
}

func (s Subject) rotation(t *testing.T) {
	t.Parallel()
	i, p := s.opened(t)
	old := s.Mint(i, ada)
	s.want(t, p, "old key, at a request", s.request(old), "")
	i.Rotate()
	s.want(t, p, "new key", s.Mint(i, ada), "")
	s.want(t, p, "old key, still published", old, "")
	s.want(t, p, "old key, still published, at a request", s.request(old), "")
	i.DropOldKeys()
	i.Rotate()
	s.want(t, p, "newest key", s.Mint(i, ada), "")
	s.refuse(t, p, "old key, published no more", old)
}

func (s Subject) concurrentUse(t *testing.T) {
	t.Parallel()
	i := NewIssuer(t)
	p := s.Open(t, i)
	var group sync.WaitGroup
	for n := range 64 {
		group.Go(func() {
			identifier := fmt.Sprintf("user%d@example.com", n)
			login := s.Mint(i, identifier)
			for _, c := range []provider.Credential{login, s.request(login), s.request(login)} {
				id, err := p.Verify(t.Context(), c)
				if err != nil {
					t.Errorf("%s: %v", identifier, err)
				} else if id.Subject != SubjectOf(identifier) {
					t.Errorf("%s is told the subject %s", identifier, id.Subject)
				}
			}
		})
	}
	group.Wait()
}

func (s Subject) issuers(t *testing.T) {
	t.Parallel()
	i := NewIssuer(t)
	p := s.Open(t, i)
	if _, ok := p.(provider.Issuers); !ok {
		return // it can be chosen by name alone
	}
	set := provider.NewSet([]provider.Named{{Name: "other", Provider: nobody{}}, {Name: "tested", Provider: p}})
	id, slot, err := set.Login(t.Context(), "", s.Mint(i, ada))
	if err != nil {
		t.Fatal(err)
	}
	if id.Provider != "tested" || slot != s.Slot {
		t.Errorf("chosen: provider %q, slot %d; want tested, %d", id.Provider, slot, s.Slot)
	}
}

// nobody is a provider that no token is addressed to.
type nobody struct{}

func (nobody) Verify(context.Context, provider.Credential) (identity.Identity, error) {
	return identity.Identity{}, autherr.New(autherr.InvalidToken, "nobody")
}
