package token_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/token"
)

func TestParseClaims_RegisteredClaims(t *testing.T) {
	t.Parallel()
	c, err := token.ParseClaims([]byte(`{"iss":"https://issuer.example","sub":"user-1","aud":["app","api"],"exp":1795348800,"iat":1795345200,"role":"admin"}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Issuer != "https://issuer.example" || c.Subject != "user-1" || !slices.Equal(c.Audience, []string{"app", "api"}) {
		t.Errorf("issuer %q, subject %q, audience %q", c.Issuer, c.Subject, c.Audience)
	}
	if !c.ExpiresAt.Equal(time.Unix(1795348800, 0)) || !c.IssuedAt.Equal(time.Unix(1795345200, 0)) {
		t.Errorf("expires %v, issued %v", c.ExpiresAt, c.IssuedAt)
	}
	if role, ok := c.String("role"); role != "admin" || !ok {
		t.Errorf("role %q, %t", role, ok)
	}
}

func TestParseClaims_MalformedClaims(t *testing.T) {
	t.Parallel()
	c, err := token.ParseClaims([]byte(`{"iss":1,"sub":true,"aud":["app",1],"exp":"1795348800","iat":0.5}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Issuer != "" || c.Subject != "" || c.Audience != nil || !c.ExpiresAt.IsZero() || !c.IssuedAt.IsZero() {
		t.Errorf("%+v, want zero fields", c)
	}
}

func TestParseClaims_MalformedPayload(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{``, `null`, `[]`, `{"sub":"a","sub":"b"}`, `{"sub":"a"}{}`} {
		if _, err := token.ParseClaims([]byte(payload)); autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != "malformed" {
			t.Errorf("%s: got %v, want invalid_token (malformed)", payload, err)
		}
	}
}

// Cases: T08.
func TestClaims_Time(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int64{
		"1795806000": 1795806000, "1795806000.0": 1795806000, "1795806000.811": 1795806000, "1.7958054e9": 1795805400,
		"1": 1, "253402300799": 253402300799, "253402300799.9": 253402300799,
		"0": 0, "-1": 0, "-1795806000.5": 0, "0.5": 0, "253402300800": 0, "2.534023008e11": 0, "1e300": 0, "1e999999999": 0, "1e-999999999": 0,
		`"1795806000"`: 0, "null": 0, "true": 0, "[1795806000]": 0, "{}": 0,
	} {
		c, err := token.ParseClaims([]byte(`{"at":` + value + `}`))
		if err != nil {
			t.Fatalf("%s: %v", value, err)
		}
		at, ok := c.Time("at")
		if ok != (want != 0) || ok && !at.Equal(time.Unix(want, 0)) {
			t.Errorf("%s: got %v, %t, want %d", value, at, ok, want)
		}
	}
}
