package integration_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/cotterpin/cotterpin/core/autherr"
)

// socket is an open WebSocket of a client.
type socket struct {
	connection *websocket.Conn
	ended      chan struct{}
	err        error     // of the end, valid when ended
	at         time.Time // of the end
}

// openSocket upgrades a connection. The test fails if the response is not 101.
func (c *client) openSocket(t *testing.T, changes ...with) *socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	var r request
	for _, change := range changes {
		change(&r)
	}
	options := &websocket.DialOptions{HTTPHeader: http.Header{}}
	for _, line := range r.lines {
		name, value, _ := strings.Cut(line, ": ")
		options.HTTPHeader.Add(name, value)
	}
	connection, _, err := websocket.Dial(ctx, "ws://"+c.host()+socketPath, options)
	if err != nil {
		t.Fatal(err)
	}
	s := &socket{connection: connection, ended: make(chan struct{})}
	t.Cleanup(s.close)
	go func() {
		defer close(s.ended)
		_, _, s.err = connection.Read(ctx)
		s.at = time.Now()
	}()
	return s
}

// close disconnects the client.
func (s *socket) close() {
	s.connection.CloseNow()
	<-s.ended
}

// responds checks that the server responds to a ping.
func (s *socket) responds(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.connection.Ping(ctx); err != nil {
		t.Errorf("the WebSocket does not respond: %v", err)
	}
}

// ends waits for the close frame.
func (s *socket) ends(t *testing.T, since time.Time, status websocket.StatusCode, code autherr.Code) {
	t.Helper()
	<-s.ended
	took := s.at.Sub(since)
	t.Logf("the WebSocket ended after %v", took)
	if took > sameNode {
		t.Errorf("the WebSocket ended after %v, want at most %v", took, sameNode)
	}
	if frame, ok := errors.AsType[websocket.CloseError](s.err); !ok || frame.Code != status || frame.Reason != string(code) {
		t.Errorf("the WebSocket ended with %v, want status %d, %q", s.err, status, code)
	}
}

// TestWebSocket_Revoked revokes the session of one of two users.
//
// Cases: S06. Frameworks: nethttp, gin, fiber. Databases: sqlite.
func TestWebSocket_Revoked(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		s := startStreamServer(t, framework, ownSession)
		adas, bobs := s.signIn(t, s.issuer, ada), s.signIn(t, s.issuer, "bob@example.com")
		revoked, other := s.openSocket(t, adas.credential), s.openSocket(t, bobs.credential)
		revoked.responds(t)
		since := time.Now()
		s.send(t, "POST", "/auth/logout", adas.credential).is(t, http.StatusNoContent, "")
		revoked.ends(t, since, websocket.StatusPolicyViolation, autherr.InvalidToken)
		other.responds(t)
		since = time.Now()
		if err := s.kit.Close(); err != nil {
			t.Error(err)
		}
		other.ends(t, since, websocket.StatusTryAgainLater, autherr.TemporarilyUnavailable)
	})
}

// TestWebSocket_Origin upgrades from pages of several origins. The server accepts
// every origin, so that only the guard rejects.
//
// Cases: S06. Frameworks: nethttp, gin, fiber.
func TestWebSocket_Origin(t *testing.T) {
	t.Parallel()
	upgrade := []with{
		line("Connection", "Upgrade"), line("Upgrade", "websocket"),
		line("Sec-WebSocket-Version", "13"), line("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
	}
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		s := startStreamServer(t, framework, ownSession)
		me := s.signIn(t, s.issuer, ada).credential
		for _, origin := range []string{allowedOrigin, s.origin} {
			s.openSocket(t, me, line("Origin", origin)).responds(t)
		}
		s.openSocket(t, me).responds(t)
		for _, origin := range []string{"https://evil.example", "null"} {
			s.send(t, "GET", socketPath, append(upgrade, me, line("Origin", origin))...).is(t, http.StatusForbidden, "cross_origin")
		}
		s.send(t, "GET", socketPath, append(upgrade, line("Origin", allowedOrigin))...).is(t, http.StatusUnauthorized, "unauthenticated")
	})
}

// TestStream_NoGoroutines ends streams by revocation, by the client and by
// Kit.Close.
//
// Cases: S06. Frameworks: nethttp, gin, fiber. Databases: sqlite.
func TestStream_NoGoroutines(t *testing.T) { //nolint:paralleltest // it counts the goroutines of the process
	for _, framework := range frameworks { //nolint:paralleltest // as above
		if !frameworkFlag.selects(framework) {
			continue
		}
		t.Run(framework, func(t *testing.T) {
			s := startStreamServer(t, framework, ownSession)
			adas, bobs := s.signIn(t, s.issuer, ada), s.signIn(t, s.issuer, "bob@example.com")
			before := goleak.IgnoreCurrent()

			socket, stream := s.openSocket(t, adas.credential), s.openStream(t, adas.credential)
			socket.responds(t)
			s.send(t, "POST", "/auth/logout", adas.credential).is(t, http.StatusNoContent, "")
			<-socket.ended
			<-stream.ended
			stream.close() // the server would keep the connection
			noGoroutines(t, "revocation", before)

			socket, stream = s.openSocket(t, bobs.credential), s.openStream(t, bobs.credential)
			socket.responds(t)
			socket.close()
			stream.close()
			noGoroutines(t, "the client disconnected", before)

			socket, stream = s.openSocket(t, bobs.credential), s.openStream(t, bobs.credential)
			socket.responds(t)
			if err := s.kit.Close(); err != nil {
				t.Error(err)
			}
			<-socket.ended
			<-stream.ended
			stream.close() // the server would keep the connection
			noGoroutines(t, "Kit.Close", before)
		})
	}
}

// noGoroutines waits until no goroutine has been added. Idle workers of fasthttp
// last 10 seconds.
func noGoroutines(t *testing.T, after string, before goleak.Option) {
	t.Helper()
	idle := goleak.IgnoreTopFunction("github.com/valyala/fasthttp.(*workerPool).workerFunc")
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := goleak.Find(before, idle)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s: %v", after, err)
		}
	}
}
