package emulator_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheWorkerSaysWhetherATokenIsValid(t *testing.T) {
	t.Parallel()
	const (
		right     = `{"success":true}`
		malformed = `{"success":false,"reason":"Error: Invalid JWT token"}`
		unsigned  = `{"success":false,"reason":"Error: Invalid JWT Signature"}`
	)
	b := newBench(t)
	own := b.mint(t, `{"identifier":"`+ada+`"}`)
	others := b.mint(t, `{"identifier":"`+ada+`","access":{"aud":"another"}}`)
	expired := b.mint(t, `{"identifier":"`+ada+`","access":{"exp":1500000001,"iat":1500000000}}`)
	dot := strings.LastIndexByte(own.Access, '.')
	swapped := own.Access[:dot] + others.Access[strings.LastIndexByte(others.Access, '.'):]
	for name, c := range map[string]struct{ token, key, want string }{
		"Own":                     {own.Access, apiKey, right},
		"OwnWithoutKey":           {own.Access, "", right},
		"AnIDToken":               {own.ID, apiKey, right},
		"AnothersWithoutKey":      {others.Access, "", right},
		"Anothers":                {others.Access, apiKey, malformed},
		"Expired":                 {expired.Access, apiKey, malformed},
		"AnotherTokensSignature":  {swapped, apiKey, unsigned},
		"NoToken":                 {"", "", malformed},
		"SomethingElseAltogether": {"a.b.c", apiKey, malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := encode(t, map[string]any{"oauth_token": map[string]string{"access_token": c.token}})
			r := request(http.MethodPost, "/verify", body)
			if c.key != "" {
				r = withHeader(r, "Api_key_id", c.key)
			}
			answer := b.serve(t, r)
			wantStatus(t, answer, http.StatusOK)
			if string(answer.Body) != c.want {
				t.Errorf("got %s, want %s", answer.Body, c.want)
			}
		})
	}
}
