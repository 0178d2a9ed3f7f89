package integration_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const cookieName = "cotterpin_session"

// client sends raw requests to an application, each over a new connection.
// Responses of the kit are checked with checkFields and checkProblem.
type client struct {
	secrets
	origin string
}

// request is an HTTP request.
type request struct {
	method, target string
	lines          []string // header lines
	body           string
}

// with changes a request before it is sent.
type with func(*request)

func line(name, value string) with {
	return func(r *request) { r.lines = append(r.lines, name+": "+value) }
}

func bearer(token string) with { return line("Authorization", "Bearer "+token) }

func cookie(value string) with { return line("Cookie", cookieName+"="+value) }

// posting sets a body of type application/json.
func posting(body string) with {
	return func(r *request) {
		r.body = body
		r.lines = append(r.lines, "Content-Type: application/json", fmt.Sprintf("Content-Length: %d", len(body)))
	}
}

// reply is a response whose body has been read.
type reply struct {
	Status  int
	Header  http.Header
	Coding  []string // transfer coding
	Last    bool     // the connection is closed after it
	Cookies []*http.Cookie
	Body    string
}

func (c *client) send(t testing.TB, method, target string, changes ...with) reply {
	t.Helper()
	a, err := c.try(method, target, changes...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	if ours := isKits(target); ours || a.isProblem() {
		a.checkFields(t)
	}
	if ours := isKits(target); ours && a.Status >= http.StatusBadRequest || a.isProblem() {
		a.checkProblem(t, method)
	}
	return a
}

func (c *client) try(method, target string, changes ...with) (reply, error) {
	connection, err := net.Dial("tcp", c.host())
	if err != nil {
		return reply{}, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		return reply{}, err
	}
	// A server that refuses a body need not read it, so the response may come first.
	go io.WriteString(connection, c.request(method, target, changes...))
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	if err != nil {
		return reply{}, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	a := reply{
		Status: response.StatusCode, Header: response.Header, Cookies: response.Cookies(), Body: string(body),
		Coding: response.TransferEncoding, Last: response.Close,
	}
	for _, cookie := range a.Cookies {
		c.add(cookie.Value)
	}
	return a, nil
}

func (c *client) host() string { return strings.TrimPrefix(c.origin, "http://") }

// request returns the bytes of a request.
func (c *client) request(method, target string, changes ...with) string {
	r := request{method: method, target: target, lines: []string{"Host: " + c.host(), "User-Agent: integration"}}
	for _, change := range changes {
		change(&r)
	}
	return fmt.Sprintf("%s %s HTTP/1.1\r\n%s\r\n\r\n%s", r.method, r.target, strings.Join(r.lines, "\r\n"), r.body)
}

// login posts the payload of a front end.
func (c *client) login(t testing.TB, payload map[string]any, changes ...with) reply {
	t.Helper()
	c.addTokens(payload)
	return c.send(t, "POST", "/auth/login", append([]with{posting(encode(payload))}, changes...)...)
}

// add records secrets, which no program may write.
func (c *client) add(secrets ...string) {
	c.secrets.add(secrets...)
	issued.add(secrets...)
}

func (c *client) addTokens(payload map[string]any) {
	tokens, _ := payload["oauth_token"].(map[string]any)
	for _, name := range []string{"access_token", "id_token", "refresh_token"} {
		if token, _ := tokens[name].(string); token != "" {
			c.add(token)
		}
	}
}

// raw sends bytes over a new connection, and returns all responses until the
// program closes it.
func (c *client) raw(t testing.TB, text string) (replies []reply) {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(c.origin, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	go io.WriteString(connection, text)
	return readReplies(t, connection)
}

// readReplies reads responses until the other side closes the connection.
func readReplies(t testing.TB, connection io.Reader) (replies []reply) {
	t.Helper()
	for reader := bufio.NewReader(connection); ; {
		response, err := http.ReadResponse(reader, nil)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the connection stays open")
		}
		if err != nil {
			return replies
		}
		body, _ := io.ReadAll(response.Body)
		replies = append(replies, reply{Status: response.StatusCode, Header: response.Header, Cookies: response.Cookies(), Body: string(body)})
	}
}

// signedIn is the response to an accepted login.
type signedIn struct {
	Created bool `json:"created"`
	User    struct {
		ID            string `json:"id"`
		Email         string `json:"email"`
		EmailVerified bool   `json:"email_verified"`
	} `json:"user"`
	Session struct {
		ID        string    `json:"id"`
		Strategy  string    `json:"strategy"`
		CreatedAt time.Time `json:"created_at"`
	} `json:"session"`
	Token struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
	} `json:"token"`

	credential with // sends the session
}

// signedIn reads the response to an accepted login.
func (c *client) signedIn(t testing.TB, a reply) signedIn {
	t.Helper()
	if a.Status != http.StatusOK && a.Status != http.StatusCreated {
		t.Fatalf("login: %d %s", a.Status, a.Body)
	}
	var s signedIn
	a.decode(t, &s)
	switch {
	case len(a.Cookies) == 1 && s.Token.AccessToken == "":
		s.credential = line("Cookie", a.Cookies[0].Name+"="+a.Cookies[0].Value)
	case len(a.Cookies) == 2 && s.Token.AccessToken == "" && s.Token.RefreshToken == "":
		s.credential = line("Cookie", a.Cookies[0].Name+"="+a.Cookies[0].Value)
		s.Token.RefreshToken = a.Cookies[1].Value
	case len(a.Cookies) == 0 && s.Token.AccessToken != "":
		s.credential = bearer(s.Token.AccessToken)
		c.add(s.Token.AccessToken)
		if s.Token.RefreshToken != "" {
			c.add(s.Token.RefreshToken)
		}
	default:
		t.Fatalf("login: want one cookie or a token: %d cookies, %s", len(a.Cookies), a.Body)
	}
	return s
}

// signIn logs in a user.
func (c *client) signIn(t testing.TB, issuer *providertest.Issuer, identifier string, changes ...with) signedIn {
	t.Helper()
	payload := issuer.Login(identifier).Payload()
	return c.signedIn(t, repeat(func() reply { return c.login(t, payload, changes...) }, reply.keysSlow))
}

// signInByToken logs in a user whose session is a bearer token.
func (c *client) signInByToken(t testing.TB, issuer *providertest.Issuer, identifier string) signedIn {
	t.Helper()
	payload := issuer.Login(identifier).Payload()
	payload["transport"] = "bearer"
	return c.signedIn(t, repeat(func() reply { return c.login(t, payload) }, reply.keysSlow))
}

// refresh exchanges a refresh token for new tokens.
func (c *client) refresh(t testing.TB, credential with, refreshToken string) reply {
	t.Helper()
	c.add(refreshToken)
	return c.send(t, "POST", "/auth/refresh", credential, posting(encode(map[string]string{"refresh_token": refreshToken})))
}

// repeat sends requests while their responses are not final.
func repeat(send func() reply, again func(reply) bool) reply {
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for deadline := time.Now().Add(patience); ; <-pause.C {
		if a := send(); !again(a) || time.Now().After(deadline) {
			return a
		}
	}
}

// keysSlow reports whether a request failed because the program did not have the
// keys in time: on a busy machine, the first fetch takes longer than a request
// waits for it.
func (a reply) keysSlow() bool {
	return a.Status == http.StatusServiceUnavailable && strings.Contains(a.Body, `"detail":"keys_slow"`)
}

// isOK reports whether a readiness check returns "ok".
func (a reply) isOK() bool { return strings.Contains(a.Body, `"ok"`) }

func (a reply) decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), into); err != nil {
		t.Fatalf("%d %q: %v", a.Status, a.Body, err)
	}
}

// is checks the status and, for a refusal, the code.
func (a reply) is(t testing.TB, status int, code string) {
	t.Helper()
	var problem struct {
		Code string `json:"code"`
	}
	if code != "" {
		a.decode(t, &problem)
	}
	if a.Status != status || problem.Code != code {
		t.Errorf("got %d %s, want %d %s", a.Status, a.Body, status, code)
	}
}

// caller is the response of the application about the caller.
type caller struct {
	UserID     *string `json:"user_id"`
	Provider   *string `json:"provider"`
	Subject    *string `json:"subject"`
	AuthMethod *string `json:"auth_method"`
	SessionID  *string `json:"session_id"`
}

// me returns the caller, who must be authenticated.
func (c *client) me(t testing.TB, credential ...with) caller {
	t.Helper()
	a := c.send(t, "GET", "/api/me", credential...)
	a.is(t, http.StatusOK, "")
	if got := a.Header["Cache-Control"]; !slices.Equal(got, []string{"no-store"}) {
		t.Errorf("the caller may be cached: %q", got)
	}
	var who caller
	a.decode(t, &who)
	return who
}

// rejects checks that a credential is rejected.
func (c *client) rejects(t testing.TB, credential with) {
	t.Helper()
	c.send(t, "GET", "/api/me", credential).is(t, http.StatusUnauthorized, "invalid_token")
}

func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// atOnce makes calls that begin together, and waits for all of them.
func atOnce(calls int, call func(i int)) {
	var group sync.WaitGroup
	begin := make(chan struct{})
	for i := range calls {
		group.Go(func() {
			<-begin
			call(i)
		})
	}
	close(begin)
	group.Wait()
}
