package emulator_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/core/token"
)

func (b *bench) mint(t *testing.T, body string) tokens {
	t.Helper()
	response := b.serve(t, request(http.MethodPost, "/_emulator/mint", body))
	wantStatus(t, response, http.StatusOK)
	var got tokens
	decode(t, response.Body, &got)
	return got
}

// verify verifies tokens as the kit does, under the published keys.
func (b *bench) verify(t *testing.T, tokens provider.Tokens) error {
	t.Helper()
	withKeys := provider.Define(provider.Definition[cotter.Settings]{
		Type: "cotter",
		Open: func(ctx context.Context, s cotter.Settings, env provider.Env) (provider.Driver, error) {
			driver, err := cotter.Type.Open(ctx, &s, env)
			return keyed{driver, b.Keys()}, err
		},
	})
	settings := &cotter.Settings{APIKeyID: apiKey, BaseURL: "https://cotter.example", Issuer: issuer}
	opened, err := providertest.Open(t, provider.NewInstance(withKeys, "", settings), b.time)
	if err != nil {
		t.Fatal(err)
	}
	_, err = opened.Login(t.Context(), tokens)
	return err
}

// keyed is a driver with other keys.
type keyed struct {
	provider.Driver
	keys token.KeySet
}

func (k keyed) Rules() provider.Rules {
	rules := k.Driver.Rules()
	rules.Keys.KeySet = k.keys
	return rules
}

func TestTokens_MatchCotter(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.tokens(t)
	access, id := part(t, got.Access, 1), part(t, got.ID, 1)
	common := map[string]any{
		"aud": apiKey, "iss": issuer, "identifier": ada, "sub": access["sub"], "client_user_id": access["sub"],
		"iat": float64(b.time().Unix()), "exp": float64(b.time().Unix() + 3600),
	}
	wantAccess, wantID := maps.Clone(common), maps.Clone(common)
	maps.Copy(wantAccess, map[string]any{
		"type": "client_access_token", "scope": "access", "authentication_method": "OTP", "jti": access["jti"],
	})
	maps.Copy(wantID, map[string]any{"type": "client_id_token", "auth_time": "-62135596800", "jti": id["jti"]})
	if !reflect.DeepEqual(access, wantAccess) {
		t.Errorf("access token\n got %v\nwant %v", access, wantAccess)
	}
	if !reflect.DeepEqual(id, wantID) {
		t.Errorf("ID token\n got %v\nwant %v", id, wantID)
	}
	header := part(t, got.Access, 0)
	kid, _ := header["kid"].(string)
	if len(header) != 3 || header["alg"] != "ES256" || header["typ"] != "JWT" || !strings.HasPrefix(kid, "SPACE_JWT_PUBLIC:") {
		t.Errorf("header of the access token: %v", header)
	}
	if err := b.verify(t, provider.Tokens{AccessToken: got.Access, IDToken: got.ID}); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

func TestNew_NewKeysSameUsers(t *testing.T) {
	t.Parallel()
	one, two := newBench(t), newBench(t)
	first, second := one.tokens(t), two.tokens(t)
	if part(t, first.Access, 0)["kid"] == part(t, second.Access, 0)["kid"] {
		t.Error("two starts share a key id")
	}
	if part(t, first.Access, 1)["sub"] != part(t, second.Access, 1)["sub"] {
		t.Error("Ada has another id after a restart")
	}
}

// Each request differs from the accepted one in one member.
func TestMint_DefectsAreRejected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change string
		code   autherr.Code
	}{
		"other audience":          {`"access":{"aud":"another"}`, autherr.InvalidToken},
		"audience as array":       {`"access":{"aud":["` + apiKey + `"]}`, autherr.InvalidToken},
		"no audience":             {`"access":{"aud":null}`, autherr.InvalidToken},
		"other issuer":            {`"access":{"iss":"https://www.cotter.app"}`, autherr.InvalidToken},
		"no expiry":               {`"access":{"exp":null}`, autherr.InvalidToken},
		"expired":                 {`"access":{"exp":1500000001,"iat":1500000000}`, autherr.TokenExpired},
		"issued in the future":    {`"access":{"iat":33000000000,"exp":33000003600}`, autherr.InvalidToken},
		"ID type in access token": {`"access":{"type":"client_id_token"}`, autherr.InvalidToken},
		"other scope":             {`"access":{"scope":"all"}`, autherr.InvalidToken},
		"zero subject":            {`"access":{"sub":"00000000-0000-0000-0000-000000000000"}`, autherr.InvalidToken},
		"other subject":           {`"id":{"sub":"7c9e6679-7425-40de-944b-e07fc1f90ae7"}`, autherr.InvalidToken},
		"other identifier":        {`"id":{"identifier":"eve@example.com"}`, autherr.InvalidToken},
		"unknown key ID":          {`"header":{"kid":"another"}`, autherr.InvalidToken},
		"no key ID":               {`"header":{"kid":null}`, autherr.InvalidToken},
		"unsigned":                {`"header":{"alg":"none"}`, autherr.InvalidToken},
		"public key as secret":    {`"header":{"alg":"HS256"}`, autherr.InvalidToken},
		"no algorithm":            {`"header":{"alg":null}`, autherr.InvalidToken},
		"critical header":         {`"header":{"crit":["exp"]}`, autherr.InvalidToken},
		"retired key":             {`"key":"retired"`, autherr.InvalidToken},
		"foreign key":             {`"key":"foreign"`, autherr.InvalidToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			right := b.mint(t, `{"identifier":"`+ada+`","access":{"extra":{"a":[1]}},"id":{},"header":{},"key":"current"}`)
			if err := b.verify(t, provider.Tokens{AccessToken: right.Access, IDToken: right.ID}); err != nil {
				t.Fatalf("unaltered: %v", err)
			}
			wrong := b.mint(t, `{"identifier":"`+ada+`",`+c.change+`}`)
			err := b.verify(t, provider.Tokens{AccessToken: wrong.Access, IDToken: wrong.ID})
			if err == nil || autherr.CodeOf(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
}

func TestMint_ForeignKeyPublishedID(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	right := b.mint(t, `{"identifier":"`+ada+`"}`)
	kid := part(t, right.Access, 0)["kid"].(string)
	wrong := b.mint(t, `{"identifier":"`+ada+`","key":"foreign","header":{"kid":"`+kid+`"}}`)
	if err := b.verify(t, provider.Tokens{AccessToken: right.Access}); err != nil {
		t.Fatal(err)
	}
	if err := b.verify(t, provider.Tokens{AccessToken: wrong.Access}); autherr.ReasonOf(err) != "bad_signature" {
		t.Errorf("got %v", err)
	}
}

func TestMint_SignatureMatchesHeader(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	unsigned := b.mint(t, `{"identifier":"`+ada+`","header":{"alg":"none"}}`).Access
	if !strings.HasSuffix(unsigned, ".") {
		t.Errorf("alg none has a signature: %s", unsigned)
	}
	shared := b.mint(t, `{"identifier":"`+ada+`","header":{"alg":"HS256"}}`).Access
	dot := strings.LastIndexByte(shared, '.')
	got, err := base64.RawURLEncoding.DecodeString(shared[dot+1:])
	mac := hmac.New(sha256.New, publishedPEM(t, b))
	mac.Write([]byte(shared[:dot]))
	if err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		t.Errorf("the secret of alg HS256 is not the public key")
	}
}

func TestMint_RefreshToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	minted := b.mint(t, `{"identifier":"`+ada+`","access":{"scope":"all"}}`)
	if claims := part(t, b.refresh(t, minted.Refresh).Access, 1); claims["identifier"] != ada || claims["scope"] != "access" {
		t.Errorf("claims of the refreshed token: %v", claims)
	}
}

func TestMint_RejectsUnknown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.mint(t, `{"identifier":"`+ada+`"}`)
	for _, body := range []string{
		``, `[]`, `{}`, `null`, `{"identifier":""}`, `{"identifier":1}`, `{"identifier":"a","identifier":"b"}`,
		`{"identifier":"a","key":"another"}`, `{"identifier":"a","key":null}`, `{"identifier":"a","access":[]}`,
		`{"identifier":"a","other":1}`, `{"Identifier":"a"}`, `{"identifier":"a"} x`, `{"identifier":" a"}`,
		`{"identifier":"` + strings.Repeat("a", 255) + `"}`,
	} {
		wantError(t, b.serve(t, request(http.MethodPost, "/_emulator/mint", body)), http.StatusBadRequest, "")
	}
}
