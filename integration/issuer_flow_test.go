package integration_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// redirectURI is where the issuers send the code. Nothing listens there.
const redirectURI = "https://app.example.com/callback"

// issuerClient is a browser and a front end that sign in a user at an issuer by
// the authorization code flow with PKCE.
type issuerClient struct {
	issuerServer
	http *http.Client
}

func (s issuerServer) client(t *testing.T) *issuerClient {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &issuerClient{s, &http.Client{
		Jar:     jar,
		Timeout: patience,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), redirectURI) {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}}
}

// signIn signs in the user with new cookies, and returns the response of the
// token endpoint and the nonce of the ID token.
func (s issuerServer) signIn(t *testing.T, clientID string, more url.Values) (tokens map[string]any) {
	t.Helper()
	c := s.client(t)
	var endpoints struct {
		Authorization string `json:"authorization_endpoint"`
		Token         string `json:"token_endpoint"`
	}
	c.getJSON(t, strings.TrimSuffix(s.issuer, "/")+"/.well-known/openid-configuration", &endpoints)
	verifier, nonce := rand.Text()+rand.Text(), rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	code := c.authorize(t, endpoints.Authorization, merged(url.Values{
		"response_type":         {"code"},
		"client_id":             {clientID},
		"redirect_uri":          {redirectURI},
		"scope":                 {"openid email"},
		"state":                 {rand.Text()},
		"nonce":                 {nonce},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}, more))
	tokens = c.exchange(t, endpoints.Token, clientID, merged(url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {redirectURI},
		"code_verifier": {verifier},
	}, url.Values{"resource": more["resource"]}))
	tokens["nonce"] = nonce
	return tokens
}

// merged returns values in which those of more replace others.
func merged(values, more url.Values) url.Values {
	maps.Copy(values, more)
	return values
}

func (c *issuerClient) getJSON(t *testing.T, address string, into any) {
	t.Helper()
	response, err := c.http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	decodeOK(t, response, into)
}

// authorize submits the forms of the issuer until it redirects to redirectURI,
// and returns the code.
func (c *issuerClient) authorize(t *testing.T, endpoint string, parameters url.Values) (code string) {
	t.Helper()
	response, err := c.http.Get(endpoint + "?" + parameters.Encode())
	for range 5 {
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode/100 == 3 {
			break
		}
		action, fields := c.readForm(t, response)
		response, err = c.http.PostForm(action, fields)
	}
	location, err := response.Location()
	if err != nil {
		t.Fatalf("the issuer does not redirect: %d %v", response.StatusCode, err)
	}
	response.Body.Close()
	query := location.Query()
	if query.Get("code") == "" || query.Get("state") != parameters.Get("state") {
		t.Fatalf("the issuer redirects to %s", location)
	}
	return query.Get("code")
}

// readForm returns the form of a page, filled in.
func (c *issuerClient) readForm(t *testing.T, response *http.Response) (action string, fields url.Values) {
	t.Helper()
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(page)))
	if err != nil {
		t.Fatal(err)
	}
	for form := range root.Descendants() {
		if form.Data != "form" {
			continue
		}
		target, err := response.Request.URL.Parse(attribute(form, "action"))
		if err != nil {
			t.Fatal(err)
		}
		return target.String(), c.fill(form)
	}
	t.Fatalf("%s: %d without a form:\n%s", response.Request.URL, response.StatusCode, page)
	return "", nil
}

// fill returns the fields of a form: the user's name and password, and the
// values of hidden fields.
func (c *issuerClient) fill(form *html.Node) url.Values {
	fields := url.Values{}
	for input := range form.Descendants() {
		if input.Data != "input" {
			continue
		}
		name, value := attribute(input, "name"), attribute(input, "value")
		switch attribute(input, "type") {
		case "hidden":
		case "password":
			value = c.password
		default:
			value = c.user
		}
		fields.Set(name, value)
	}
	return fields
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// exchange redeems a code.
func (c *issuerClient) exchange(t *testing.T, endpoint, clientID string, form url.Values) (tokens map[string]any) {
	t.Helper()
	const secret = "secret"
	if c.postAuth {
		form.Set("client_id", clientID)
		form.Set("client_secret", secret)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if !c.postAuth {
		r.SetBasicAuth(clientID, secret)
	}
	response, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	decodeOK(t, response, &tokens)
	return tokens
}

// decodeOK reads a JSON response, whose status must be 200.
func decodeOK(t *testing.T, response *http.Response, into any) {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w\n%s", response.Request.URL, err, body))
	}
}
