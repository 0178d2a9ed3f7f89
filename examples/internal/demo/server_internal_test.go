package demo

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// server is a server whose Shutdown calls shutdown.
type server struct {
	failure  error // of Serve
	shutdown func(context.Context) error
	stopped  chan struct{}
}

func (s server) Serve(net.Listener) error {
	if s.failure == nil {
		<-s.stopped
		return http.ErrServerClosed
	}
	return s.failure
}

func (s server) Shutdown(ctx context.Context) error {
	err := s.shutdown(ctx)
	close(s.stopped)
	return err
}

func TestServe_ShutdownTimeout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		requests time.Duration // their remaining duration
		want     time.Duration
	}{
		"no requests":   {0, 0},
		"short request": {9 * time.Second, 9 * time.Second},
		"long request":  {time.Hour, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				began := time.Now()
				err := Serve(ctx, server{stopped: make(chan struct{}), shutdown: func(ctx context.Context) error {
					select {
					case <-time.After(c.requests):
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				}}, nil)
				if took := time.Since(began); err != nil || took != c.want {
					t.Errorf("%v after %v, want no error after %v", err, took, c.want)
				}
			})
		})
	}
}

func TestServe_CutsRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, connection := net.Pipe()
		defer client.Close()
		ended := make(chan error, 1)
		server := HTTPServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			ended <- r.Context().Err()
		}))
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() {
			served <- Serve(ctx, server, &pipeListener{connection: connection, closed: make(chan struct{})})
		}()
		if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		select {
		case err := <-ended:
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		default:
			t.Error("the request is still running")
			client.Close()
		}
	})
}

// pipeListener accepts one connection.
type pipeListener struct {
	connection net.Conn
	accepted   bool
	once       sync.Once
	closed     chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	if !l.accepted {
		l.accepted = true
		return l.connection, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestServe_Error(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if err := Serve(t.Context(), server{failure: broken}, nil); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
