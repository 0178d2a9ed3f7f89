package providertest

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
)

// Subject is a provider type under test, one whose tokens an [Issuer] can sign.
type Subject struct {
	Type provider.Type

	// Settings returns a pointer to the arguments of a block that accepts the
	// issuer's tokens for [Audience] and fetches the keys from the issuer's URL.
	Settings func(i *Issuer) any

	// Mint returns valid tokens of a sign-in by the user with that email address,
	// which the provider has just verified. The edits are made in the token that
	// recognizes callers.
	Mint func(i *Issuer, email string, edits ...Edit) provider.Tokens

	// NoEmail means that identities have no email address. Default: the address
	// of the sign-in.
	NoEmail bool

	// KeyIDOptional means that a token without kid is accepted if one key fits.
	// Default: it is rejected.
	KeyIDOptional bool
}

// Run opens the type as the kit does and proves that the result accepts valid
// tokens, rejects invalid ones, distinguishes both from keys that cannot be
// fetched, and returns the identity that the token contains. A type's own rules
// need their own tests.
func Run(t *testing.T, s Subject) {
	t.Helper()
	t.Run("Valid", s.valid)
	t.Run("Invalid", s.invalid)
	t.Run("KeyID", s.keyID)
	t.Run("Expired", s.expired)
	t.Run("ExpiredAndInvalid", s.expiredAndInvalid)
	t.Run("LoginMaxAge", s.loginMaxAge)
	t.Run("Trust", s.trust)
	t.Run("MalformedClaims", s.malformedClaims)
	t.Run("KeysUnavailable", s.keysUnavailable)
	t.Run("KeysRecovered", s.keysRecovered)
	t.Run("KeyRotation", s.keyRotation)
	t.Run("ConcurrentUse", s.concurrentUse)
	t.Run("Selection", s.selection)
	if s.open(t).CodeFlow() != nil {
		t.Run("CodeFlow", s.codeFlow)
	}
	t.Run("ProviderSession", s.providerSession)
	t.Run("LogoutTokens", s.logoutTokens)
}

const (
	ada = "ada@example.com"
	eve = "eve@example.com"
)

// block is an opened provider block and the issuer that it accepts.
type block struct {
	*Issuer
	*Opened
}

// open opens a block that trusts the provider in these contacts.
func (s Subject) open(t *testing.T, trust ...string) block {
	t.Helper()
	i := NewIssuer(t)
	opened, err := Open(t, provider.NewInstance(s.Type, "tested", s.Settings(i), provider.Trust(trust...)), i.Now)
	if err != nil {
		t.Fatal(err)
	}
	if n := i.total(); n != 0 {
		t.Errorf("Open made %d requests, want none: a provider that cannot be reached must not stop the process", n)
	}
	return block{i, opened}
}

// warm returns a block that has accepted tokens and may cache one.
func (s Subject) warm(t *testing.T) block {
	t.Helper()
	b := s.open(t)
	tokens := s.Mint(b.Issuer, ada)
	for _, use := range b.uses() {
		if _, err := use.verify(t.Context(), tokens); err != nil {
			t.Fatalf("%s: valid tokens are rejected: %v", use.name, err)
		}
	}
	return b
}

// use is one way to use tokens.
type use struct {
	name   string
	verify func(context.Context, provider.Tokens) (identity.Identity, error)
}

// uses returns a login and two requests, the second of which may use a cache.
func (b block) uses() []use {
	return []use{{"login", b.Opened.Login}, {"request", b.request}, {"same request", b.request}}
}

func (b block) request(ctx context.Context, tokens provider.Tokens) (identity.Identity, error) {
	return b.Request(ctx, b.raw(tokens))
}

// raw returns the token that recognizes callers.
func (b block) raw(tokens provider.Tokens) string { return tokens.Of(b.provider.Recognizes) }

func (s Subject) valid(t *testing.T) {
	t.Parallel()
	b := s.warm(t)
	for _, email := range []string{ada, eve} {
		tokens := s.Mint(b.Issuer, email)
		for _, use := range b.uses() {
			id, err := use.verify(t.Context(), tokens)
			if err != nil {
				t.Fatalf("%s: %v", use.name, err)
			}
			if want := (identity.Key{Issuer: issuerOf(t, b.raw(tokens)), Subject: SubjectOf(email)}); id.Key != want {
				t.Errorf("%s: key is %+v, want %+v", use.name, id.Key, want)
			}
			if id.Email.Value != s.emailOf(email) {
				t.Errorf("%s: email is %q, want %q", use.name, id.Email.Value, s.emailOf(email))
			}
			if len(id.Audience) != 1 || id.Audience[0] != Audience {
				t.Errorf("%s: audience is %q, want %q", use.name, id.Audience, Audience)
			}
			if age := b.Now().Sub(id.IssuedAt); age < 0 || age > time.Minute || !id.ExpiresAt.After(id.IssuedAt) {
				t.Errorf("%s: issued %v ago, expires at %v", use.name, age, id.ExpiresAt)
			}
		}
	}
}

func (s Subject) emailOf(email string) string {
	if s.NoEmail {
		return ""
	}
	return email
}

// issuerOf returns the iss of a token.
func issuerOf(t *testing.T, raw string) string {
	t.Helper()
	var claims struct {
		Issuer string `json:"iss"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		t.Fatalf("Mint returned no token where one is required: %q", raw)
	}
	return claims.Issuer
}

func (s Subject) invalid(t *testing.T) {
	t.Parallel()
	b := s.warm(t)
	future := b.Now().Add(time.Hour).Unix()
	edits := map[string]Edit{
		"alg none":                        Unsigned(),
		"alg none with the signature":     Header("alg", "none"),
		"HS256 with the public key":       MAC(b.Key().PEM()),
		"alg of another curve":            Header("alg", "ES384"),
		"alg in another letter case":      Header("alg", "es256"),
		"alg missing":                     Header("alg", nil),
		"unknown kid":                     Header("kid", "unknown"),
		"kid is a number":                 Header("kid", 7),
		"signed by another key":           ForgedBy(NewKey(b.Key().ID)),
		"crit":                            Header("crit", []string{"exp"}),
		"key in the header":               all(ForgedBy(foreign), Header("jwk", foreign.JWK())),
		"type of another token":           Header("typ", "logout+jwt"),
		"issuer missing":                  Claim("iss", nil),
		"another issuer":                  Claim("iss", "https://id.example.org"),
		"issuer with another ending":      suffix("iss", "/"),
		"audience missing":                Claim("aud", nil),
		"audience of another application": Claim("aud", otherAudience),
		"audience is a prefix":            Claim("aud", Audience[:8]),
		"audience in another letter case": Claim("aud", strings.ToUpper(Audience)),
		"audience is empty":               Claim("aud", ""),
		"audience is an empty list":       Claim("aud", []string{}),
		"audience is in a list of lists":  Claim("aud", []any{[]string{Audience}}),
		"subject missing":                 Claim("sub", nil),
		"subject is empty":                Claim("sub", ""),
		"subject is a number":             Claim("sub", 7),
		"subject ends with a space":       Claim("sub", SubjectOf(ada)+" "),
		"subject of 256 bytes":            Claim("sub", strings.Repeat("a", 256)),
		"expiry missing":                  Claim("exp", nil),
		"expiry is a string":              Claim("exp", fmt.Sprint(future)),
		"not yet valid":                   Claim("nbf", future),
		"issued in the future":            Claim("iat", future),
		"a member twice":                  RawClaims(`{"sub":"a","sub":"b"}`),
		"claims are not an object":        RawClaims(`["sub"]`),
		"header is not an object":         RawHeader(`"ES256"`),
	}
	for name, edit := range edits {
		b.reject(t, name, s.Mint(b.Issuer, ada, edit))
	}

	valid := s.Mint(b.Issuer, ada)
	signed := b.raw(valid)
	header, rest, _ := strings.Cut(signed, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	otherClaims := strings.Split(b.raw(s.Mint(b.Issuer, eve)), ".")[1]
	for name, raw := range map[string]string{
		"garbage":                "garbage",
		"only dots":              "..",
		"claims of another user": header + "." + otherClaims + "." + signature,
		"signature missing":      header + "." + claims + ".",
		"signature cut":          signed[:len(signed)-2],
		"four parts":             signed + "." + signature,
		"a space after it":       signed + " ",
		"a line break after it":  signed + "\n",
		"padding":                signed + "==",
		"JSON form":              fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, claims, header, signature),
		"very long":              strings.Repeat("a.", 1<<19),
	} {
		b.reject(t, name, valid.With(b.provider.Recognizes, raw))
	}
	b.want(t, "login without token", b.Opened.Login, provider.Tokens{}, autherr.InvalidRequest)
	b.want(t, "request without token", b.request, provider.Tokens{}, autherr.InvalidToken)
	if valid.AccessToken != "" && valid.IDToken != "" {
		b.reject(t, "tokens swapped", provider.Tokens{AccessToken: valid.IDToken, IDToken: valid.AccessToken})
	}
}

// otherAudience is the audience of another application of the same issuer.
const otherAudience = "c0ffee00-0c52-4f52-9a3e-7d8f0a1b2c3d"

// foreign is a key that no issuer publishes.
var foreign = NewKey("foreign")

func all(edits ...Edit) Edit {
	return func(t *Token) {
		for _, edit := range edits {
			edit(t)
		}
	}
}

func suffix(claim, ending string) Edit {
	return func(t *Token) { t.Claims[claim] = t.Claims[claim].(string) + ending }
}

// reject demands InvalidToken at a login, and at a request with the same token.
func (b block) reject(t *testing.T, name string, tokens provider.Tokens) {
	t.Helper()
	b.want(t, name+", at a login", b.Opened.Login, tokens, autherr.InvalidToken)
	b.want(t, name+", at a request", b.request, tokens, autherr.InvalidToken)
}

// want demands an error with that code, "" meaning none.
func (b block) want(
	t *testing.T, name string,
	verify func(context.Context, provider.Tokens) (identity.Identity, error), tokens provider.Tokens, code autherr.Code,
) {
	t.Helper()
	id, err := verify(t.Context(), tokens)
	switch {
	case err == nil && code == "":
	case err == nil:
		t.Errorf("%s: accepted as %+v, want %s", name, id.Key, code)
	case autherr.CodeOf(err) != code:
		t.Errorf("%s: %v, want %s", name, err, cmp.Or(code, "acceptance"))
	case autherr.ReasonOf(err) == "":
		t.Errorf("%s: the error has no reason", name)
	case id.Key != identity.Key{}:
		t.Errorf("%s: an identity with the error: %+v", name, id.Key)
	}
}

func (s Subject) keyID(t *testing.T) {
	t.Parallel()
	b := s.warm(t)
	want := autherr.InvalidToken
	if s.KeyIDOptional {
		want = ""
	}
	withoutKeyID := s.Mint(b.Issuer, ada, Header("kid", nil))
	b.want(t, "kid missing, one key, at a login", b.Opened.Login, withoutKeyID, want)
	b.want(t, "kid missing, one key, at a request", b.request, withoutKeyID, want)

	b.Rotate()
	b.want(t, "new kid", b.Opened.Login, s.Mint(b.Issuer, ada), "")
	b.reject(t, "kid missing, two keys", s.Mint(b.Issuer, ada, Header("kid", nil)))
}

func (s Subject) expired(t *testing.T) {
	t.Parallel()
	b := s.warm(t)
	tokens := s.Mint(b.Issuer, ada, Claim("iat", b.Now().Unix()-600), Claim("exp", b.Now().Unix()-300))
	b.want(t, "at a login", b.Opened.Login, tokens, autherr.TokenExpired)
	b.want(t, "at a request", b.request, tokens, autherr.TokenExpired)
	b.want(t, "within the clock skew", b.Opened.Login, s.Mint(b.Issuer, ada, Claim("exp", b.Now().Unix()-5)), "")
}

func (s Subject) expiredAndInvalid(t *testing.T) {
	t.Parallel()
	b := s.warm(t)
	past := Claim("exp", b.Now().Unix()-300)
	for name, edit := range map[string]Edit{
		"issuer":    Claim("iss", "https://id.example.org"),
		"audience":  Claim("aud", "other"),
		"signature": ForgedBy(foreign),
	} {
		b.reject(t, name, s.Mint(b.Issuer, ada, past, edit))
	}
}

func (s Subject) loginMaxAge(t *testing.T) {
	t.Parallel()
	b := s.warm(t)
	limit := provider.Common{}.WithDefaults().LoginMaxAge.Std()
	issued := func(ago time.Duration) provider.Tokens {
		return s.Mint(b.Issuer, ada, Claim("iat", b.Now().Add(-ago).Unix()))
	}
	b.want(t, "a younger token at a login", b.Opened.Login, issued(limit-time.Minute), "")
	b.want(t, "an older token at a login", b.Opened.Login, issued(limit+time.Minute), autherr.TokenExpired)
	b.want(t, "an older token at a request", b.request, issued(limit+time.Minute), "")
}

func (s Subject) trust(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		trust    []string
		verified bool
	}{{nil, false}, {[]string{"phone"}, false}, {[]string{"email"}, !s.NoEmail}} {
		b := s.open(t, c.trust...)
		tokens := s.Mint(b.Issuer, ada)
		for _, use := range b.uses() {
			id, err := use.verify(t.Context(), tokens)
			if err != nil {
				t.Fatalf("%s: %v", use.name, err)
			}
			if verified := id.Email.Verification == identity.Verified; verified != c.verified {
				t.Errorf("%s: trust %q: email verified is %t, want %t", use.name, c.trust, verified, c.verified)
			}
		}
	}
}

// malformedClaims demands that claims which cannot be stored are left out or
// rejected: an identity that contains one would be an error of the driver.
func (s Subject) malformedClaims(t *testing.T) {
	t.Parallel()
	b := s.warm(t)
	for _, email := range []string{"", "ada", "ada@example.com\r\n", "ada@example.com\x00", "a@x@y", "ada@exämple.com", strings.Repeat("a", 300) + "@x"} {
		b.storable(t, fmt.Sprintf("email %.20q", email), s.Mint(b.Issuer, email))
	}
	for _, name := range []string{
		"email", "phone_number", "identifier", "name", "preferred_username", "amr", "acr", "authentication_method", "auth_time",
	} {
		for _, value := range []any{"", " ", "a\x00", "a\r\nb", "+1 202 555", strings.Repeat("a", 1000), 7, -1, true, []string{"a\x00"}, map[string]any{}, nil} {
			b.storable(t, fmt.Sprintf("%s %.20q", name, fmt.Sprint(value)), s.Mint(b.Issuer, ada, Claim(name, value)))
		}
	}
}

// storable demands acceptance or InvalidToken.
func (b block) storable(t *testing.T, name string, tokens provider.Tokens) {
	t.Helper()
	for _, use := range b.uses() {
		if _, err := use.verify(t.Context(), tokens); err != nil && autherr.CodeOf(err) != autherr.InvalidToken {
			t.Errorf("%s: %s: %v, want acceptance or %s", use.name, name, err, autherr.InvalidToken)
		}
	}
}

func (s Subject) keysUnavailable(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Failing, Slow, Garbage, Huge, Empty, Redirect} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			b := s.open(t)
			b.SetJWKS(mode)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if _, err := b.Opened.Login(ctx, s.Mint(b.Issuer, ada)); autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
				t.Errorf("login: %v, want %s", err, autherr.TemporarilyUnavailable)
			}
			if b.Ready(ctx) == nil {
				t.Error("the provider reports that it is ready")
			}
		})
	}
}

func (s Subject) keysRecovered(t *testing.T) {
	t.Parallel()
	b := s.open(t)
	b.SetJWKS(Failing)
	b.want(t, "keys unavailable", b.Opened.Login, s.Mint(b.Issuer, ada), autherr.TemporarilyUnavailable)
	b.SetJWKS(OK)
	b.want(t, "keys recovered", b.Opened.Login, s.Mint(b.Issuer, ada), "")
	if err := b.Ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
}

func (s Subject) keyRotation(t *testing.T) {
	t.Parallel()
	b := s.warm(t)
	old := s.Mint(b.Issuer, ada)
	b.want(t, "old key, at a request", b.request, old, "")
	b.Rotate()
	b.want(t, "new key", b.Opened.Login, s.Mint(b.Issuer, ada), "")
	b.want(t, "old key, still published", b.Opened.Login, old, "")
	b.want(t, "old key, still published, at a request", b.request, old, "")
	b.DropOldKeys()
	b.Rotate()
	b.want(t, "newest key", b.Opened.Login, s.Mint(b.Issuer, ada), "")
	b.reject(t, "old key, no longer published", old)
}

func (s Subject) concurrentUse(t *testing.T) {
	t.Parallel()
	b := s.open(t)
	var group sync.WaitGroup
	for n := range 64 {
		group.Go(func() {
			email := fmt.Sprintf("user%d@example.com", n)
			tokens := s.Mint(b.Issuer, email)
			for _, use := range b.uses() {
				id, err := use.verify(t.Context(), tokens)
				if err != nil {
					t.Errorf("%s: %s: %v", use.name, email, err)
				} else if id.Subject != SubjectOf(email) || id.Email.Value != s.emailOf(email) {
					t.Errorf("%s: %s is identified as %s, %q", use.name, email, id.Subject, id.Email.Value)
				}
			}
		})
	}
	group.Wait()
}

func (s Subject) selection(t *testing.T) {
	t.Parallel()
	b := s.open(t)
	other, err := Open(t, provider.NewInstance(unrelated, "", new(struct{})), nil)
	if err != nil {
		t.Fatal(err)
	}
	set := verify.NewSet(other.provider, b.provider)
	tokens := s.Mint(b.Issuer, ada)
	id, raw, err := set.Login(t.Context(), "", tokens)
	if err != nil || id.Provider != "tested" || raw != b.raw(tokens) {
		t.Errorf("login: provider %q, token %q, %v", id.Provider, raw, err)
	}
	if id, err := set.Authenticate(t.Context(), raw); err != nil || id.Provider != "tested" {
		t.Errorf("request: provider %q, %v", id.Provider, err)
	}
}

// unrelated is a provider that no token is addressed to.
var unrelated = provider.Define(provider.Definition[struct{}]{
	Type: "unrelated",
	Open: func(context.Context, struct{}, provider.Env) (provider.Driver, error) { return unrelatedDriver{}, nil },
})

type unrelatedDriver struct{}

func (unrelatedDriver) Rules() provider.Rules {
	return provider.Rules{
		Issuer:      "https://unrelated.example",
		Algorithms:  []string{"ES256"},
		Keys:        provider.Keys{KeySet: jwt.Static()},
		AccessToken: &provider.TokenRules{Audience: []string{"unrelated"}, Login: true},
	}
}

func (unrelatedDriver) Identify(provider.Verified) (identity.Identity, error) {
	return identity.Identity{}, errors.New("no token is addressed to this provider")
}
