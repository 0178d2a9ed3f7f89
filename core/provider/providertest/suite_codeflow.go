package providertest

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
)

const callback = "http://localhost:8080/auth/callback/tested"

// codeFlow signs a user in by redirects. Its provider must be the client [Audience] of
// the issuer's endpoints.
func (s Subject) codeFlow(t *testing.T) {
	t.Parallel()
	b := s.open(t)
	flow := b.CodeFlow()
	begun := provider.AuthRequest{
		RedirectURI: callback, State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Prompt: "login",
	}
	code := b.code(t, flow, begun)
	exchange := func(code, verifier, redirectURI string) autherr.Code {
		_, err := flow.Exchange(t.Context(), code, verifier, redirectURI)
		return autherr.CodeOf(err)
	}
	if got := exchange(b.code(t, flow, begun), begun.Verifier+"x", callback); got != autherr.InvalidToken {
		t.Errorf("a code with another verifier: got %q, want invalid_token", got)
	}
	if got := exchange(b.code(t, flow, begun), begun.Verifier, callback+"x"); got != autherr.InvalidToken {
		t.Errorf("a code with another redirect URI: got %q, want invalid_token", got)
	}
	before := b.Requests(TokenPath)
	tokens, err := flow.Exchange(t.Context(), code, begun.Verifier, callback)
	if err != nil {
		t.Fatal(err)
	}
	if n := b.Requests(TokenPath) - before; n != 1 {
		t.Errorf("%d requests for a code, want 1", n)
	}
	b.nonceDecides(t, tokens, begun.Nonce)
	b.SetToken(Failing)
	if got := exchange(code, begun.Verifier, callback); got != autherr.TemporarilyUnavailable {
		t.Errorf("a token endpoint that fails: got %q, want temporarily_unavailable", got)
	}
}

func (b block) nonceDecides(t *testing.T, tokens provider.Tokens, nonce string) {
	t.Helper()
	tokens.Nonce = nonce
	if id, err := b.LoginByCode(t.Context(), tokens); err != nil || id.Subject != SubjectOf(ada) {
		t.Errorf("the tokens for the code: got %+v, %v", id.Key, err)
	}
	for _, other := range []string{"", nonce + "x"} {
		tokens.Nonce = other
		if _, err := b.LoginByCode(t.Context(), tokens); autherr.CodeOf(err) != autherr.InvalidToken {
			t.Errorf("tokens with another nonce than %q: got %v, want invalid_token", other, err)
		}
	}
}

// code signs the user in at the authorization endpoint, and returns the code.
func (b block) code(t *testing.T, flow provider.CodeFlow, begun provider.AuthRequest) string {
	t.Helper()
	address, _, err := flow.AuthCodeURL(t.Context(), begun)
	if err != nil {
		t.Fatal(err)
	}
	redirected, err := authorize(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if prompt := sent.Query().Get("prompt"); prompt != begun.Prompt {
		t.Errorf("prompt is %q, want %q", prompt, begun.Prompt)
	}
	if state := redirected.Query().Get("state"); state != begun.State {
		t.Errorf("state is %q, want %q", state, begun.State)
	}
	code := redirected.Query().Get("code")
	if code == "" {
		t.Fatalf("the authorization endpoint redirects to %q", redirected)
	}
	return code
}

// authorize returns where the authorization endpoint redirects to.
func authorize(ctx context.Context, address string) (*url.URL, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return response.Location()
}
