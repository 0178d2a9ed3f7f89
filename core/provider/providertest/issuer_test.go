package providertest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/internal/jwt"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// verifier returns a verifier under the keys that the issuer publishes now.
func verifier(t *testing.T, i *providertest.Issuer) *jwt.Verifier {
	t.Helper()
	_, document := get(t, i.URL()+providertest.CotterKeysPath)
	keys, err := jwt.StaticJWKS(document)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jwt.NewVerifier(jwt.Policy{
		Keys:       keys,
		Issuer:     providertest.CotterIssuer,
		Audience:   []string{providertest.Audience},
		Algorithms: []string{"ES256", "RS256"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestIssuer_PublishedKeys(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	first := i.AccessToken("ada")
	i.Publish(providertest.NewRSAKey("rsa"))
	second := i.AccessToken("ada")
	for name, raw := range map[string]string{"ES256": first, "RS256": second} {
		if _, err := verifier(t, i).Verify(t.Context(), raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	i.DropOldKeys()
	if _, err := verifier(t, i).Verify(t.Context(), first); err == nil {
		t.Error("a token of a dropped key verifies")
	}
	if _, err := verifier(t, i).Verify(t.Context(), second); err != nil {
		t.Errorf("a token of the key that is left: %v", err)
	}
}

func TestIssuer_Edits(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	claims, err := verifier(t, i).Verify(t.Context(), i.AccessToken("ada",
		providertest.Claim("plan", "gold"), providertest.Claim("scope", nil), providertest.Header("typ", nil)))
	if err != nil {
		t.Fatal(err)
	}
	if plan, _ := claims.String("plan"); plan != "gold" {
		t.Errorf("plan is %q, want gold", plan)
	}
	if _, present := claims.Lookup("scope"); present {
		t.Error("scope is there though it was removed")
	}
	if claims.Subject != providertest.SubjectOf("ada") || providertest.SubjectOf("ada") == providertest.SubjectOf("eve") {
		t.Errorf("subject is %q", claims.Subject)
	}
}

func TestIssuer_Modes(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	url := i.URL() + providertest.OIDCKeysPath
	for mode, want := range map[providertest.Mode]struct {
		status int
		begins string
	}{
		providertest.OK:       {http.StatusOK, `{"keys":[{`},
		providertest.Failing:  {http.StatusInternalServerError, `{`},
		providertest.Garbage:  {http.StatusOK, `<`},
		providertest.Huge:     {http.StatusOK, strings.Repeat(" ", 2<<20)},
		providertest.Empty:    {http.StatusOK, `{"keys":[]}`},
		providertest.Redirect: {http.StatusFound, ``},
	} {
		i.SetJWKS(mode)
		status, body := get(t, url)
		if status != want.status || !strings.HasPrefix(string(body), want.begins) {
			t.Errorf("%s: status %d and %d bytes", mode, status, len(body))
		}
	}
	if n := i.Requests(providertest.OIDCKeysPath); n != 6 {
		t.Errorf("%d requests counted, want 6", n)
	}

	i.SetJWKS(providertest.Slow)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
		_ = response.Body.Close()
		t.Error("slow: there is a response")
	}
}

func TestLogin_Body(t *testing.T) {
	t.Parallel()
	login := providertest.NewIssuer(t).Login("ada@example.com")
	var body struct {
		Email      string            `json:"email"`
		OAuthToken map[string]any    `json:"oauth_token"`
		User       map[string]string `json:"user"`
	}
	if err := json.Unmarshal(login.Body(), &body); err != nil {
		t.Fatal(err)
	}
	if body.Email != "ada@example.com" || body.User["ID"] != providertest.SubjectOf("ada@example.com") || body.User["issuer"] != providertest.Audience {
		t.Errorf("got %+v", body)
	}
	if body.OAuthToken["access_token"] != login.AccessToken || body.OAuthToken["refresh_token"] != login.RefreshToken {
		t.Errorf("got %+v", body.OAuthToken)
	}
}
