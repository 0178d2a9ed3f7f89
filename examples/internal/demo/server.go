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

// Limits of every server.
const (
	ReadTimeout    = 5 * time.Second // of a request, its body included
	MaxHeaderBytes = 32 << 10        // a provider token may have 16 KiB

	shutdownTimeout = 10 * time.Second // for running requests
)

// Server is the server of a framework, such as *http.Server. If it implements
// io.Closer, Close cuts all of its connections.
type Server interface {
	// Serve accepts connections until Shutdown.
	Serve(l net.Listener) error

	// Shutdown stops accepting connections and returns once no request is
	// running, or with an error when ctx is done.
	Shutdown(ctx context.Context) error
}

// HTTPServer returns a server for a handler of net/http.
func HTTPServer(handler http.Handler) Server {
	return &http.Server{
		Handler:        handler,
		ReadTimeout:    ReadTimeout,
		MaxHeaderBytes: MaxHeaderBytes,
		ErrorLog:       slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
}

// Serve runs the server until ctx is done, and then waits up to 10 seconds for
// running requests. Connections that are cut after that are not an error. A server
// that is not an io.Closer, such as fiber's, keeps them until the process exits.
func Serve(ctx context.Context, server Server, l net.Listener) error {
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(l) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("cannot serve: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
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

// cut cancels the contexts of the running requests, before the caller closes the
// database.
func cut(server Server) {
	closer, ok := server.(io.Closer)
	if !ok {
		return
	}
	if err := closer.Close(); err != nil {
		slog.Warn("connections could not be cut", "event", "shutdown_cut_failed", "error", err.Error())
	}
}
