package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Alone is a server of one test, which does harm to it. What it has committed
// outlives its processes. Its address stays the same.
type Alone struct {
	*Server

	place place
}

// place is what such a server runs in.
type place interface {
	pause() error
	resume() error
	end(signal syscall.Signal) error // of the server, which may take its time
	start(ctx context.Context) error // after the end
}

// Alone starts a server for one test, which closes it: in a container or on the
// host. None comes from the environment.
func (e *Engine) Alone() (*Alone, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	alone, err := containedAlone(ctx, e)
	if err == nil || os.Getenv(requirement) == onlyContainers {
		return alone, err
	}
	failures := []error{fmt.Errorf("docker: %w", err)}
	if alone, err = hostedAlone(ctx, e); err != nil {
		failures = append(failures, fmt.Errorf("host: %w", err))
		return nil, fmt.Errorf("engine: no %s of a test's own: %w", e, errors.Join(failures...))
	}
	return alone, nil
}

// Close ends the server and removes what it has written.
func (a *Alone) Close() error { return a.close() }

// Pause stops every process of the server where it stands. Connections stay. On
// a busy machine a container is not always frozen at once.
func (a *Alone) Pause(ctx context.Context) error {
	return poll(ctx, func(context.Context) error { return a.place.pause() })
}

// Resume lets them go on.
func (a *Alone) Resume(context.Context) error { return a.place.resume() }

// Kill ends every process of the server at once.
func (a *Alone) Kill(ctx context.Context) error { return a.end(ctx, syscall.SIGKILL) }

// Start starts the server that was killed, and returns when it answers.
func (a *Alone) Start(ctx context.Context) error {
	if err := a.place.start(ctx); err != nil {
		return err
	}
	_, err := a.version(ctx)
	return err
}

// Restart ends the server in good order and starts it again.
func (a *Alone) Restart(ctx context.Context) error {
	if err := a.end(ctx, a.engine.product.stop); err != nil {
		return err
	}
	return a.Start(ctx)
}

// end returns when the server answers no more.
func (a *Alone) end(ctx context.Context, signal syscall.Signal) error {
	if err := a.place.end(signal); err != nil {
		return err
	}
	return poll(ctx, func(ctx context.Context) error {
		if a.admin.PingContext(ctx) == nil {
			return errors.New("the server goes on answering")
		}
		return nil
	})
}
