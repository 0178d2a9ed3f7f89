package demo

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// server is a server whose requests end when shutdown says so.
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

func TestRequestsHaveTenSecondsToEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		requests time.Duration // how long they go on
		want     time.Duration
	}{
		"None":         {0, 0},
		"Short":        {9 * time.Second, 9 * time.Second},
		"CutOffInTime": {time.Hour, 10 * time.Second},
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

func TestAServerThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if err := Serve(t.Context(), server{failure: broken}, nil); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
