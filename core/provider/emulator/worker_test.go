package emulator_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestWorker_Result(t *testing.T) {
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
		"own token":                  {own.Access, apiKey, right},
		"own token without key":      {own.Access, "", right},
		"ID token":                   {own.ID, apiKey, right},
		"other audience without key": {others.Access, "", right},
		"other audience":             {others.Access, apiKey, malformed},
		"expired":                    {expired.Access, apiKey, malformed},
		"signature of another token": {swapped, apiKey, unsigned},
		"no token":                   {"", "", malformed},
		"not a token":                {"a.b.c", apiKey, malformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := encode(t, map[string]any{"oauth_token": map[string]string{"access_token": c.token}})
			r := request(http.MethodPost, "/verify", body)
			if c.key != "" {
				r = withHeader(r, "Api_key_id", c.key)
			}
			response := b.serve(t, r)
			wantStatus(t, response, http.StatusOK)
			if string(response.Body) != c.want {
				t.Errorf("got %s, want %s", response.Body, c.want)
			}
		})
	}
}
