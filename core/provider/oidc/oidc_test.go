package oidc_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const ada = "ada@example.com"

// open opens a block that accepts the issuer's tokens, with changes.
func open(t *testing.T, i *providertest.Issuer, change func(*oidc.Settings, *provider.Common)) *providertest.Opened {
	t.Helper()
	s, common := oidc.Settings{Issuer: i.URL(), Audience: []string{providertest.Audience}}, provider.Common{}
	if change != nil {
		change(&s, &common)
	}
	opened, err := providertest.Open(t, oidc.Provider("", s, func(c *provider.Common) { *c = common }), i.Now)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func tokens(id string) provider.Tokens { return provider.Tokens{IDToken: id} }

func TestType_Suite(t *testing.T) {
	t.Parallel()
	for name, keysPath := range map[string]string{"Discovery": "", "JWKSURL": providertest.OIDCKeysPath, "Client": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Subject{
				Type:          oidc.Type,
				KeyIDOptional: true,
				Settings: func(i *providertest.Issuer) any {
					s := &oidc.Settings{Issuer: i.URL(), Audience: []string{providertest.Audience}}
					if keysPath != "" {
						s.JWKSURL = i.URL() + keysPath
					}
					if name == "Client" {
						s.ClientID = providertest.Audience
					}
					return s
				},
				Mint: func(i *providertest.Issuer, email string, edits ...providertest.Edit) provider.Tokens {
					return tokens(i.OIDCToken(email, edits...))
				},
			})
		})
	}
}

func TestDriver_IDTokenForms(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, func(s *oidc.Settings, _ *provider.Common) { s.Audience = []string{"second", providertest.Audience} })
	own, rsa := i.Key(), providertest.NewRSAKey("rsa")
	i.Publish(rsa)
	i.Publish(own)
	both := []string{providertest.Audience, "api"}
	for name, edits := range map[string][]providertest.Edit{
		"ES256":                     nil,
		"RS256":                     {providertest.SignedBy(rsa)},
		"no kid, one key fits":      {providertest.Header("kid", nil)},
		"no typ":                    {providertest.Header("typ", nil)},
		"another header member":     {providertest.Header("x5t", "AA")},
		"audience is a list of one": {providertest.Claim("aud", []string{providertest.Audience})},
		"list":                      {providertest.Claim("aud", both)},
		"list, authorized party":    {providertest.Claim("aud", both), providertest.Claim("azp", providertest.Audience)},
		"another of our client ids": {providertest.Claim("aud", "second")},
	} {
		if _, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, edits...))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		edits  []providertest.Edit
		reason string
	}{
		"authorized party is another":      {[]providertest.Edit{providertest.Claim("aud", both), providertest.Claim("azp", "api")}, "wrong_authorized_party"},
		"one, authorized party is another": {[]providertest.Edit{providertest.Claim("azp", "api")}, "wrong_authorized_party"},
		"list of others":                   {[]providertest.Edit{providertest.Claim("aud", []string{"api"})}, "wrong_audience"},
		"list that holds a number":         {[]providertest.Edit{providertest.Claim("aud", []any{1, providertest.Audience})}, "wrong_audience"},
		"access token (RFC 9068)":          {[]providertest.Edit{providertest.Header("typ", "at+jwt")}, "wrong_header_type"},
		"right key, algorithm of another":  {[]providertest.Edit{providertest.Header("alg", "RS256")}, "unknown_key"},
	} {
		_, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, c.edits...)))
		if autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != c.reason {
			t.Errorf("%s: got %v, want %s (%s)", name, err, autherr.InvalidToken, c.reason)
		}
	}
}

func TestDriver_NoKeyID(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	i.Rotate()
	p := open(t, i, nil)
	if _, err := p.Login(t.Context(), tokens(i.OIDCToken(ada))); err != nil {
		t.Fatal(err)
	}
	_, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.Header("kid", nil))))
	if autherr.CodeOf(err) != autherr.InvalidToken {
		t.Errorf("two keys fit: got %v, want %s", err, autherr.InvalidToken)
	}
}

func TestDriver_Algorithms(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, func(s *oidc.Settings, _ *provider.Common) { s.Algorithms = []string{"RS256"} })
	own, rsa := i.Key(), providertest.NewRSAKey("rsa")
	i.Publish(rsa)
	if _, err := p.Login(t.Context(), tokens(i.OIDCToken(ada))); err != nil {
		t.Fatal(err)
	}
	_, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.SignedBy(own))))
	if autherr.ReasonOf(err) != "wrong_algorithm" {
		t.Errorf("ES256: got %v, want wrong_algorithm", err)
	}
}

func TestDriver_RequiredClaims(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, func(s *oidc.Settings, _ *provider.Common) {
		s.RequiredClaims = map[string]string{"hd": "example.com", "email_verified": "true"}
	})
	hd := providertest.Claim("hd", "example.com")
	if _, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, hd))); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.Claim("hd", []string{"example.org", "example.com"})))); err != nil {
		t.Errorf("a list with the value: %v", err)
	}
	for name, edit := range map[string]providertest.Edit{
		"missing":             providertest.Claim("hd", nil),
		"another value":       providertest.Claim("hd", "example.org"),
		"another letter case": providertest.Claim("hd", "Example.com"),
		"a list of others":    providertest.Claim("hd", []string{"example.org"}),
		"an object":           providertest.Claim("hd", map[string]any{"example.com": "example.com"}),
		"false":               providertest.Claim("email_verified", false),
		"a number":            providertest.Claim("email_verified", 1),
	} {
		_, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, hd, edit)))
		if autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != "wrong_claim" {
			t.Errorf("%s: got %v, want %s (wrong_claim)", name, err, autherr.InvalidToken)
		}
	}
}

func TestDriver_Verification(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	trusting := open(t, i, func(_ *oidc.Settings, common *provider.Common) { common.Trust = []string{"email", "phone"} })
	cautious := open(t, i, nil)
	for claim, want := range map[any]identity.Verification{
		true: identity.Verified, false: identity.Unverified, nil: identity.Unverified, "true": identity.Unverified, 1: identity.Unverified,
	} {
		token := i.OIDCToken(ada,
			providertest.Claim("email_verified", claim),
			providertest.Claim("phone_number", "+12025550100"),
			providertest.Claim("phone_number_verified", claim))
		id, err := trusting.Login(t.Context(), tokens(token))
		email, phone := identity.Contact{Value: ada, Verification: want}, identity.Contact{Value: "+12025550100", Verification: want}
		if err != nil || id.Email != email || id.Phone != phone {
			t.Errorf("%v: got %+v, %+v and %v, want %v", claim, id.Email, id.Phone, err, want)
		}
		id, err = cautious.Login(t.Context(), tokens(token))
		if err != nil || id.Email != (identity.Contact{Value: ada}) || id.Phone != (identity.Contact{Value: "+12025550100"}) {
			t.Errorf("%v, nothing trusted: got %+v, %+v and %v", claim, id.Email, id.Phone, err)
		}
	}
}

// Cases: T17.
func TestDriver_StringBooleans(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	verifies := func(on bool, claim any) bool {
		p := open(t, i, func(s *oidc.Settings, common *provider.Common) {
			s.StringBooleans, common.Trust = on, []string{"email", "phone"}
		})
		id, err := p.Login(t.Context(), tokens(i.OIDCToken(ada,
			providertest.Claim("email_verified", claim),
			providertest.Claim("phone_number", "+12025550100"),
			providertest.Claim("phone_number_verified", claim))))
		if err != nil || id.Email.Verification != id.Phone.Verification {
			t.Fatalf("%v: got %+v, %+v and %v", claim, id.Email, id.Phone, err)
		}
		return id.Email.Verification == identity.Verified
	}
	for claim, want := range map[any]struct{ strings, strict bool }{
		true: {true, true}, "true": {true, false}, false: {}, "false": {}, "True": {}, "TRUE": {}, " true": {}, "1": {}, 1: {}, "": {}, nil: {},
	} {
		if got := verifies(true, claim); got != want.strings {
			t.Errorf("%#v: verified is %t with string_booleans, want %t", claim, got, want.strings)
		}
		if got := verifies(false, claim); got != want.strict {
			t.Errorf("%#v: verified is %t without string_booleans, want %t", claim, got, want.strict)
		}
	}
}

func TestDriver_MalformedContact(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	for _, email := range []any{nil, 7, []string{ada}, "a@x@y", "a@x,b@y", `"e@evil"@x`, "ada＠example.com", "a@x\r\n", "a@x\x00", strings.Repeat("a", 300) + "@x"} {
		id, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.Claim("email", email), providertest.Claim("phone_number", email))))
		if err != nil || id.Email.Value != "" || id.Phone.Value != "" || id.Identifier != "" {
			t.Errorf("%v: got %+v and %v, want no contact", email, id, err)
		}
	}
}

func TestDriver_Identity(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	now := i.Now().Unix()
	id, err := p.Login(t.Context(), tokens(i.OIDCToken(ada,
		providertest.Claim("amr", []string{"pwd", "otp"}),
		providertest.Claim("auth_time", now-60),
		providertest.Claim("name", "Ada"))))
	if err != nil {
		t.Fatal(err)
	}
	if id.Key != (identity.Key{Issuer: i.URL(), Subject: providertest.SubjectOf(ada)}) {
		t.Errorf("key %+v", id.Key)
	}
	if id.Identifier != ada || id.AuthMethod != "pwd otp" || id.AuthenticatedAt.Unix() != now-60 {
		t.Errorf("identifier %q, method %q, authenticated at %v", id.Identifier, id.AuthMethod, id.AuthenticatedAt)
	}
	if id.Claims.Get("name") != "Ada" {
		t.Errorf("claims %v", id.Claims)
	}
	for _, notation := range []string{"%d.0", "%d.9", "%de0", "%d0e-1"} {
		number := json.RawMessage(fmt.Sprintf(notation, now-60))
		id, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.Claim("auth_time", number))))
		if err != nil || id.AuthenticatedAt.Unix() != now-60 {
			t.Errorf("auth_time %s: got %v and %v, want %d", number, id.AuthenticatedAt, err, now-60)
		}
	}
	for _, wrong := range []any{nil, "-62135596800", 0, -1, now + 3600, 0.5, -1.5, 1e12, true} {
		id, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.Claim("auth_time", wrong))))
		if err != nil || !id.AuthenticatedAt.IsZero() {
			t.Errorf("auth_time %v: got %v and %v, want unknown", wrong, id.AuthenticatedAt, err)
		}
	}
}

func TestDriver_FutureAuthTime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	i := providertest.NewIssuer(t)
	i.Now = func() time.Time { return now }
	p := open(t, i, nil)
	start := now
	at := start.Add(time.Minute).Truncate(time.Second)
	raw := i.OIDCToken(ada, providertest.Claim("auth_time", at.Unix()))
	for _, step := range []struct {
		after time.Duration
		want  time.Time
	}{{0, time.Time{}}, {2 * time.Minute, at}, {0, time.Time{}}} {
		now = start.Add(step.after)
		if id, err := p.Request(t.Context(), raw); err != nil || !id.AuthenticatedAt.Equal(step.want) {
			t.Errorf("after %v: authenticated at %v, %v, want %v", step.after, id.AuthenticatedAt, err, step.want)
		}
	}
}

func TestDriver_UnstorableAuthMethod(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	for name, c := range map[string]struct {
		methods []string
		want    string
	}{
		"two":       {[]string{"pwd", "otp"}, "pwd otp"},
		"longest":   {[]string{strings.Repeat("a", 64)}, strings.Repeat("a", 64)},
		"longer":    {[]string{strings.Repeat("a", 65)}, ""},
		"many":      {strings.Split("a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 c0 c1", " "), ""},
		"repeated":  {slices.Repeat([]string{"otp"}, 17), "otp"},
		"a control": {[]string{"otp\x00"}, ""},
	} {
		id, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.Claim("amr", c.methods))))
		if err != nil || id.AuthMethod != c.want {
			t.Errorf("%s: got %q and %v, want %q", name, id.AuthMethod, err, c.want)
		}
	}
}

// Cases: T20.
func TestDriver_AuthMethodForms(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	method := func(name any) map[string]any { return map[string]any{"method": name, "timestamp": 1795345200} }
	for name, c := range map[string]struct {
		amr  any
		want string
	}{
		"strings":             {[]string{"pwd", "otp"}, "pwd otp"},
		"object":              {[]any{method("password")}, "password"},
		"objects":             {[]any{method("totp"), method("password"), method("totp")}, "totp password"},
		"mixed":               {[]any{"pwd", method("totp")}, "pwd totp"},
		"without method":      {[]any{method("password"), map[string]any{"timestamp": 1}}, ""},
		"method not a string": {[]any{method(7)}, ""},
		"number":              {[]any{"pwd", 7}, ""},
		"empty":               {[]any{}, ""},
		"not a list":          {method("password"), ""},
	} {
		id, err := p.Login(t.Context(), tokens(i.OIDCToken(ada, providertest.Claim("amr", c.amr))))
		if err != nil || id.AuthMethod != c.want {
			t.Errorf("%s: got %q and %v, want %q", name, id.AuthMethod, err, c.want)
		}
	}
}

func TestDriver_ClaimPointers(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, func(s *oidc.Settings, common *provider.Common) {
		common.Trust = []string{"email"}
		s.Claims = &oidc.Claims{
			Subject: "/oid", Email: "/profile/work~1mail", EmailVerified: "/profile/ok", Name: "/profile/display",
		}
	})
	profile := map[string]any{"work/mail": "lovelace@example.com", "ok": true, "display": "Ada"}
	token := func(edits ...providertest.Edit) string {
		elsewhere := []providertest.Edit{providertest.Claim("oid", "0042"), providertest.Claim("profile", profile)}
		return i.OIDCToken(ada, append(elsewhere, edits...)...)
	}
	id, err := p.Login(t.Context(), tokens(token()))
	if err != nil {
		t.Fatal(err)
	}
	if id.Subject != "0042" || id.Email != (identity.Contact{Value: "lovelace@example.com", Verification: identity.Verified}) || id.Claims.Get("name") != "Ada" {
		t.Errorf("got %+v", id)
	}
	for name, oid := range map[string]any{"missing": nil, "empty": "", "trailing space": "0042 ", "number": 42, "not ASCII": "é", "256 bytes": strings.Repeat("a", 256)} {
		_, err := p.Login(t.Context(), tokens(token(providertest.Claim("oid", oid))))
		if autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != "bad_subject" {
			t.Errorf("subject %s: got %v, want %s (bad_subject)", name, err, autherr.InvalidToken)
		}
	}
	id, err = p.Login(t.Context(), tokens(token(providertest.Claim("profile", "flat"))))
	if err != nil || id.Email.Value != "" {
		t.Errorf("nothing at the pointer: got %+v and %v", id.Email, err)
	}
}

func TestDriver_SubjectClaim(t *testing.T) {
	t.Parallel()
	for want, claims := range map[string]*oidc.Claims{"": nil, "/oid": {Subject: "/oid"}} {
		settings := &oidc.Settings{Issuer: "https://id.example.com", Claims: claims}
		driver, err := oidc.Type.Open(t.Context(), settings, provider.Env{HTTPClient: &http.Client{}})
		if err != nil {
			t.Fatal(err)
		}
		if got := driver.Rules().SubjectClaim; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDriver_AccessTokenHash(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	const access = "opaque access token"
	short, middle, long := sha256.Sum256([]byte(access)), sha512.Sum384([]byte(access)), sha512.Sum512([]byte(access))
	encode := base64.RawURLEncoding.EncodeToString
	verify := func(access string, hash any) error {
		_, err := p.Login(t.Context(), provider.Tokens{
			AccessToken: access, IDToken: i.OIDCToken(ada, providertest.Claim("at_hash", hash)),
		})
		return err
	}
	for name, hash := range map[string]any{"SHA-256": encode(short[:16]), "SHA-384": encode(middle[:24]), "SHA-512": encode(long[:32]), "none": nil} {
		if err := verify(access, hash); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := verify("", encode(short[:16])); err != nil {
		t.Errorf("a hash and no access token: %v", err)
	}
	for name, hash := range map[string]any{"other half": encode(short[16:]), "whole": encode(short[:]), "empty": "", "number": 7} {
		if err := verify(access, hash); autherr.ReasonOf(err) != "wrong_access_token_hash" {
			t.Errorf("%s: got %v, want wrong_access_token_hash", name, err)
		}
	}
	if err := verify("another access token", encode(short[:16])); autherr.CodeOf(err) != autherr.InvalidToken {
		t.Errorf("another access token: got %v, want %s", err, autherr.InvalidToken)
	}
}
