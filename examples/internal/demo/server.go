package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// What every server is given.
const (
	ReadTimeout    = 5 * time.Second // of a request, its body included
	MaxHeaderBytes = 16 << 10

	// grace is how long requests may still run once the process is told to end.
	grace = 10 * time.Second
)

// Server is a server of some framework; *http.Server is one. If it is an
// io.Closer, Close cuts all of its connections.
type Server interface {
	// Serve accepts connections until Shutdown.
	Serve(l net.Listener) error

	// Shutdown stops accepting and returns when no request is under way, or
	// with an error when ctx is done.
	Shutdown(ctx context.Context) error
}

// HTTPServer returns a server for whatever is a handler of net/http.
func HTTPServer(handler http.Handler) Server {
	return &http.Server{
		Handler:        handler,
		ReadTimeout:    ReadTimeout,
		MaxHeaderBytes: MaxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
}

// Serve runs the server until ctx is done and its requests have ended, or have
// had their time. That connections had to be cut is no error. Those of a server
// that cannot cut them, such as fiber's, last as long as the process.
func Serve(ctx context.Context, server Server, l net.Listener) error {
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(l) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("cannot serve: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		slog.Warn("connections were cut", "event", "shutdown_cut", "error", err.Error())
		cut(server)
		return nil
	}
	if err := <-stopped; err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("cannot serve: %w", err)
	}
	return nil
}

// cut ends the contexts of the requests that still run, before what they use is
// closed.
func cut(server Server) {
	closer, ok := server.(io.Closer)
	if !ok {
		return
	}
	if err := closer.Close(); err != nil {
		slog.Warn("connections could not be cut", "event", "shutdown_cut_failed", "error", err.Error())
	}
}
