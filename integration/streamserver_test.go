package integration_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"

	fiberwebsocket "github.com/gofiber/contrib/websocket"

	"github.com/cotterpin/cotterpin/adapters/cotterfiber"
	"github.com/cotterpin/cotterpin/adapters/cottergin"
	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// The guarded routes of a streamServer.
const (
	socketPath = "/api/socket" // a WebSocket
	streamPath = "/api/stream" // server-sent events
)

// streamServer is an application in this process with streams.
type streamServer struct {
	*client

	kit    *core.Kit
	issuer *providertest.Issuer
}

func startStreamServer(t *testing.T, framework, session string) streamServer {
	t.Helper()
	issuer := providertest.NewIssuer(t)
	file := filepath.Join(t.TempDir(), "auth.hcl")
	replaceFile(t, file, configuration(issuer, session))
	kit, err := core.Open(t.Context(), file, core.WithTypes(cotter.Type, sqlite.Type), core.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveStreams(t, framework, kit, listener)
	t.Cleanup(func() { kit.Close() }) // before the server, which waits for its streams
	return streamServer{&client{origin: "http://" + listener.Addr().String()}, kit, issuer}
}

// serveStreams serves until the test ends.
func serveStreams(t *testing.T, framework string, kit *core.Kit, listener net.Listener) {
	t.Helper()
	if framework == "fiber" {
		app := fiberStreams(t, kit)
		t.Cleanup(func() { app.Shutdown() })
		go app.Listener(listener)
		return
	}
	handler := httpStreams(kit)
	if framework == "gin" {
		handler = ginStreams(kit)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	t.Cleanup(func() { server.Close() })
	go server.Serve(listener)
}

func httpStreams(kit *core.Kit) http.Handler {
	mux, required := http.NewServeMux(), cotterhttp.Require(kit, core.Guard{})
	mux.Handle("GET "+socketPath, required(serveSocket(kit)))
	mux.Handle("GET "+streamPath, required(serveEvents(kit)))
	return cotterhttp.Mount(kit)(mux)
}

func ginStreams(kit *core.Kit) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(cottergin.Mount(kit))
	required := cottergin.Require(kit, core.Guard{})
	engine.GET(socketPath, required, gin.WrapF(serveSocket(kit)))
	engine.GET(streamPath, required, gin.WrapF(serveEvents(kit)))
	return engine
}

func fiberStreams(t *testing.T, kit *core.Kit) *fiber.App {
	t.Helper()
	app := fiber.New(fiber.Config{
		ReadBufferSize:        cotterfiber.MinReadBufferSize,
		DisableStartupMessage: true,
		ErrorHandler:          cotterfiber.ErrorHandler(kit),

		DisablePreParseMultipartForm: true,
	})
	if err := cotterfiber.Mount(app, kit); err != nil {
		t.Fatal(err)
	}
	required := cotterfiber.Require(kit, core.Guard{})
	app.Get(socketPath, required, func(c *fiber.Ctx) error { return serveFiberSocket(kit, c) })
	app.Get(streamPath, required, func(c *fiber.Ctx) error { return serveFiberEvents(kit, c) })
	return app
}

// serveSocket closes a WebSocket when its session expires or is revoked. The guard
// has checked the origin.
func serveSocket(kit *core.Kit) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return // the response is written
		}
		defer socket.CloseNow()
		watched := kit.Watch(socket.CloseRead(r.Context()))
		<-watched.Done()
		status, reason := closing(watched)
		_ = socket.Close(websocket.StatusCode(status), reason)
	}
}

// serveFiberSocket is serveSocket for fiber, which reuses c after the upgrade. The
// context does not end with the connection, so it is canceled when reading fails.
func serveFiberSocket(kit *core.Kit, c *fiber.Ctx) error {
	ctx, cancel := context.WithCancel(c.UserContext())
	err := fiberwebsocket.New(func(socket *fiberwebsocket.Conn) {
		watched, read := kit.Watch(ctx), make(chan struct{})
		go func() {
			defer close(read)
			defer cancel()
			for {
				if _, _, err := socket.ReadMessage(); err != nil {
					return
				}
			}
		}()
		<-watched.Done()
		status, reason := closing(watched)
		frame, deadline := fiberwebsocket.FormatCloseMessage(status, reason), time.Now().Add(time.Second)
		_ = socket.WriteControl(fiberwebsocket.CloseMessage, frame, deadline)
		_ = socket.SetReadDeadline(deadline)
		<-read
	})(c)
	if err != nil {
		cancel()
	}
	return err
}

// closing returns the close frame of a watched context that has ended (RFC 6455,
// section 7.4.1). A client connects again after 1013, "try again later".
func closing(watched context.Context) (status int, reason string) {
	code := autherr.CodeOf(context.Cause(watched))
	if code == autherr.TemporarilyUnavailable {
		return int(websocket.StatusTryAgainLater), string(code)
	}
	return int(websocket.StatusPolicyViolation), string(code)
}

func serveEvents(kit *core.Kit) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		sendEvents(kit.Watch(r.Context()), func(event string) error {
			if _, err := w.Write([]byte(event)); err != nil {
				return err
			}
			return http.NewResponseController(w).Flush()
		})
	}
}

func serveFiberEvents(kit *core.Kit, c *fiber.Ctx) error {
	ctx, cancel := context.WithCancel(c.UserContext())
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer cancel()
		sendEvents(kit.Watch(ctx), func(event string) error {
			if _, err := w.WriteString(event); err != nil {
				return err
			}
			return w.Flush()
		})
	})
	return nil
}

// sendEvents sends events until the session expires or is revoked, or the client has
// disconnected.
func sendEvents(watched context.Context, send func(event string) error) {
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for tick := 1; send(fmt.Sprintf("data: {\"tick\":%d}\n\n", tick)) == nil; tick++ {
		select {
		case <-ticks.C:
		case <-watched.Done():
			_ = send(fmt.Sprintf("event: end\ndata: {\"code\":%q}\n\n", autherr.CodeOf(context.Cause(watched))))
			return
		}
	}
}
