package integration_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// bodyAttacks are the attacks with bodies, slow requests and paths.
var bodyAttacks = map[string]attack{
	"H10":   {run: oddJSON},
	"H11":   {run: largeBodies},
	"H12":   {run: compressedBodies},
	"H13":   {run: mediaTypes},
	"H15":   {run: pathSpellings},
	"F-L04": {run: slowRequests},
}

// body posts a string as application/json, or as another media type.
func body(text string, mediaType ...string) with {
	return func(r *request) {
		r.body = text
		r.lines = append(r.lines, fmt.Sprintf("Content-Length: %d", len(text)))
		for _, m := range mediaType {
			r.lines = append(r.lines, "Content-Type: "+m)
		}
	}
}

// inChunks posts a string without its length.
func inChunks(text string) with {
	return func(r *request) {
		r.body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(text), text)
		r.lines = append(r.lines, "Transfer-Encoding: chunked", "Content-Type: application/json")
	}
}

// acceptedLogin returns the body of a login of a new user, which has succeeded
// once.
func (p *program) acceptedLogin(t *testing.T, issuer *providertest.Issuer, identifier string) string {
	t.Helper()
	payload := issuer.Login(identifier).Payload()
	p.login(t, payload).is(t, http.StatusCreated, "")
	return encode(payload)
}

func oddJSON(t *testing.T, s *scene) {
	p := s.program(ownSession)
	person := uniqueEmail(t, "ada")
	valid := p.acceptedLogin(t, s.issuer(), person)
	first := func(member string) string { return strings.Replace(valid, "{", "{"+member+",", 1) }
	for _, harmless := range []string{first(`"unknown":{"Deep":[1,null]}`), " \t\r\n" + valid + "\n", first(`"\u0065mai\u006c2":"x"`)} {
		p.send(t, "POST", "/auth/login", posting(harmless)).is(t, http.StatusOK, "")
	}
	deep := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	for _, odd := range []string{
		"", " ", "{", "null", "[]", `"x"`, "7", "[" + valid + "]",
		first(`"email":"x"`), first(`"\u0065mail":"x"`), first(`"x":1,"x":1`), first(`"x":{"y":1,"y":1}`),
		strings.Replace(valid, `"access_token"`, `"access_token":"x","access_token"`, 1),
		strings.Replace(valid, `"oauth_token"`, `"OAUTH_TOKEN"`, 1), strings.Replace(valid, `"oauth_token"`, `"oauth_to\u212Aen"`, 1),
		strings.Replace(valid, `"access_token"`, `"Access_Token"`, 1), first(`"PROVIDER":"x"`), first(`"x":[{"Email":"y"}]`),
		valid + "x", valid + valid, valid + "{}", valid + ",", valid + "\x00", "\ufeff" + valid, "/**/" + valid, valid + "//", first(`/* "x" */"y":1`),
		first(`'x':1`), first(`x:1`), first(`"x":NaN`), first(`"x":01`), first(`"x":+1`), first(`"x":.5`), first(`"x":1.`), first(`"x":0x1`),
		first(`"x":True`), first(`"x":[1,]`), first(`"x":"` + "\n" + `"`), first(`"x":"\x"`), first(`"x":"\u12"`), strings.Replace(valid, "}", ",}", 1),
		first(`"x":"\ud800"`), first(`"x":"\ud800\ud800"`), first(`"\udc00":1`), first("\"x\":\"\xff\""), first("\"x\":\"\xc0\xaf\""),
		first("\"x\":\"\xed\xa0\x80\""), utf16Encoded(valid, false), utf16Encoded(valid, true),
		first(`"x":` + deep(32)), first(`"x":` + deep(10_000)), first(`"x":` + strings.Repeat(`{"y":`, 5_000) + "1" + strings.Repeat("}", 5_000)),
	} {
		p.refusesLogin(t, providertest.SubjectOf(person), http.StatusBadRequest, "invalid_request", posting(odd))
	}
	p.send(t, "POST", "/auth/login", posting(first(`"x":`+deep(30)))).is(t, http.StatusOK, "")

	revoking := p.signIn(t, s.issuer(), person)
	for _, odd := range []string{`{"id":"x","id":"x"}`, `{"ID":"x"}`, `{"all":true}x`, `{"all":"true"}`, `{"all":1}`, "\ufeff{\"all\":true}", `{"All":true}`} {
		p.send(t, "POST", "/auth/sessions/revoke", revoking.credential, posting(odd)).is(t, http.StatusBadRequest, "invalid_request")
	}
	p.me(t, revoking.credential)
}

func utf16Encoded(text string, marked bool) string {
	var out []byte
	if marked {
		out = append(out, 0xfe, 0xff)
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return string(out)
}

const maxBody = 64 << 10

func largeBodies(t *testing.T, s *scene) {
	p := s.program(ownSession)
	person := uniqueEmail(t, "ada")
	payload := s.issuer().Login(person).Payload()
	p.addTokens(payload)
	valid := encode(payload)
	brim := valid + strings.Repeat(" ", maxBody-len(valid))
	p.send(t, "POST", "/auth/login", posting(brim)).is(t, http.StatusCreated, "")
	p.send(t, "POST", "/auth/login", inChunks(brim)).is(t, http.StatusOK, "")
	for _, more := range []string{brim + " ", valid + strings.Repeat(" ", 1<<20), valid + strings.Repeat(" ", 8<<20)} {
		for _, sent := range []with{posting(more), inChunks(more)} {
			p.refusesLogin(t, providertest.SubjectOf(person), http.StatusRequestEntityTooLarge, "payload_too_large", sent)
		}
	}
	// A body whose declared length is too large is refused before it is read.
	declared := "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000000000\r\n\r\n"
	if replies := p.raw(t, declared); len(replies) != 1 || replies[0].Status != http.StatusRequestEntityTooLarge {
		t.Errorf("declared only: %+v", replies)
	}
}

func compressedBodies(t *testing.T, s *scene) {
	p := s.start(t, ownSession)
	person := uniqueEmail(t, "ada")
	valid := p.acceptedLogin(t, s.issuer(), person)
	for _, coding := range []string{"gzip", "deflate", "br", "zstd", "identity", "x", "", "gzip, gzip"} {
		p.refusesLogin(t, providertest.SubjectOf(person), http.StatusUnsupportedMediaType, "unsupported_media_type",
			posting(valid), line("Content-Encoding", coding))
	}
	// A body that inflates to a thousand times its size is not inflated.
	before := p.peak(t)
	for _, megabytes := range []int{60, 300} {
		bomb := posting(zipped(t, valid, megabytes))
		for _, path := range []string{"/auth/login", "/auth/logout"} {
			p.send(t, "POST", path, bomb, line("Content-Encoding", "gzip")).
				is(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
		}
	}
	if grown := p.peak(t) - before; grown > 32<<20 {
		t.Errorf("the process grew by %d MiB", grown>>20)
	}
}

func zipped(t *testing.T, beginning string, megabytes int) string {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, beginning)
	spaces := bytes.Repeat([]byte(" "), 1<<20)
	for range megabytes {
		w.Write(spaces)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

var peakLine = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// peak returns the most memory that the process has used, in bytes. It is 0
// except on Linux.
func (p *program) peak(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if os.IsNotExist(err) {
		t.Log("the memory of the process is not checked: there is no /proc")
		return 0
	}
	found := peakLine.FindSubmatch(status)
	if err != nil || found == nil {
		t.Fatalf("%v: %s", err, status)
	}
	kilobytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

func mediaTypes(t *testing.T, s *scene) {
	p := s.program(ownSession)
	person := uniqueEmail(t, "ada")
	valid := p.acceptedLogin(t, s.issuer(), person)
	for _, same := range []string{"APPLICATION/JSON", "application/json;charset=utf-8", `application/json; charset="UTF-8"`, "application/json;"} {
		p.send(t, "POST", "/auth/login", body(valid, same)).is(t, http.StatusOK, "")
	}
	for _, other := range [][]string{
		nil,
		{""},
		{"text/plain"},
		{"text/json"},
		{"application/x-www-form-urlencoded"},
		{"multipart/form-data; boundary=x"},
		{"application/json; charset=utf-16"},
		{"application/json; charset=latin1"},
		{"application/json; q=1"},
		{"application/json, text/plain"},
		{"application/jsonx"},
		{"application/vnd.api+json"},
		{"json"},
		{"*/*"},
		{"application/json", "application/json"},
		{"application/json", "text/plain"},
	} {
		p.refusesLogin(t, providertest.SubjectOf(person), http.StatusUnsupportedMediaType, "unsupported_media_type", body(valid, other...))
	}
}

// pathSpellings checks that no spelling of a guarded path reaches its handler
// without the guard.
func pathSpellings(t *testing.T, s *scene) {
	p := s.program(ownSession)
	me := p.signIn(t, s.issuer(), uniqueEmail(t, "ada"))
	p.me(t, me.credential)
	for _, target := range []string{
		"/API/me", "/api/ME", "/Api/Me", "/api/me/", "//api/me", "/api//me", "/./api/me", "/x/../api/me", "/api/./me", "/api/x/../me", "/api%2fme",
		"/%61pi/me", "/api/%6de", "/api/me%20", "/api/me%00", "/api/me;x", "/api;x/me", "/api/me%3fx", "/api/me?x=/api/public", "/api/public/../me",
		"/api/public/..%2fme", "/auth/../api/me", "/auth/ok/../../api/me", `/api\me`, "http://localhost/api/me", "//localhost/api/me",
	} {
		for _, bad := range [][]with{nil, {cookie("x")}, {bearer("x")}} {
			for _, method := range []string{"GET", "HEAD"} {
				a := p.send(t, method, target, bad...)
				if a.Status < 300 || strings.Contains(a.Body, "user_id") {
					t.Errorf("%s %s: %d %s", method, target, a.Status, a.Body)
				}
			}
		}
	}
	// The kit's own paths have one spelling.
	for _, target := range []string{"/AUTH/session", "/auth/SESSION", "/auth/session/", "/auth//session", "/auth/%73ession", "/auth%2fsession", "/auth/session;x", "/auth/./session"} {
		if a := p.send(t, "GET", target, me.credential); a.Status < 300 {
			t.Errorf("%s: %d %s", target, a.Status, a.Body)
		}
	}
}

// slowRequests are requests that send a byte at a time, or stop. The programs
// read for five seconds.
func slowRequests(t *testing.T, s *scene) {
	p := s.program(ownSession)
	p.send(t, "GET", "/auth/ok").is(t, http.StatusOK, "")
	const (
		head = "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		pair = "X-Filler: y\r\n"
	)
	ends := make(chan string)
	slow := map[string][2]string{
		"a body that comes slowly":   {head + "Content-Length: 1000\r\n\r\n{", " "},
		"a body that stalls":         {head + "Content-Length: 1000\r\n\r\n{", ""},
		"chunks that come slowly":    {head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", "1\r\n \r\n"},
		"a header that comes slowly": {head, pair},
		"a header that stalls":       {head, ""},
		"a request line that stalls": {"POST /au", ""},
		"an idle connection":         {"", ""},
	}
	for name, sent := range slow {
		go func() {
			for _, a := range p.trickle(t, sent[0], sent[1]) {
				if a.Status != http.StatusBadRequest && a.Status != http.StatusRequestTimeout {
					t.Errorf("%s: %d %s", name, a.Status, a.Body)
				}
			}
			ends <- name
		}()
	}
	began := time.Now()
	for range slow {
		t.Logf("%s: ended after %v", <-ends, time.Since(began).Round(100*time.Millisecond))
	}
	p.send(t, "GET", "/auth/ok").is(t, http.StatusOK, "")
}

// trickle sends the beginning of a request and then a few bytes repeatedly,
// until the program responds and closes the connection.
func (c *client) trickle(t *testing.T, beginning, little string) []reply {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(c.origin, "http://"))
	if err != nil {
		t.Error(err)
		return nil
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Error(err)
		return nil
	}
	io.WriteString(connection, beginning)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for tick := time.NewTicker(300 * time.Millisecond); ; {
			select {
			case <-ended:
				tick.Stop()
				return
			case <-tick.C:
				io.WriteString(connection, little)
			}
		}
	}()
	return readReplies(t, connection)
}
