package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Alone is a server that only one test uses. Its committed data survives a
// kill, and its address stays the same.
type Alone struct {
	*Server

	location location
}

// location is the process or container of such a server.
type location interface {
	pause() error
	resume() error
	end(signal syscall.Signal) error // of the server, which may be delayed
	start(ctx context.Context) error // after the end
}

// Alone starts a server for one test, which closes it, in a container or on the
// host.
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
		return nil, fmt.Errorf("engine: no separate %s: %w", e, errors.Join(failures...))
	}
	return alone, nil
}

// Close stops the server and removes its data.
func (a *Alone) Close() error { return a.close() }

// Pause stops every process of the server. Connections stay open. On a busy
// machine a container is not always frozen at once.
func (a *Alone) Pause(ctx context.Context) error {
	return poll(ctx, func(context.Context) error { return a.location.pause() })
}

// Resume continues the processes.
func (a *Alone) Resume(context.Context) error { return a.location.resume() }

// Kill kills every process of the server.
func (a *Alone) Kill(ctx context.Context) error { return a.end(ctx, syscall.SIGKILL) }

// Start starts a killed server, and returns when it responds.
func (a *Alone) Start(ctx context.Context) error {
	if err := a.location.start(ctx); err != nil {
		return err
	}
	_, err := a.version(ctx)
	return err
}

// Restart shuts the server down and starts it again.
func (a *Alone) Restart(ctx context.Context) error {
	if err := a.end(ctx, a.engine.product.stop); err != nil {
		return err
	}
	return a.Start(ctx)
}

// end returns when the server does not respond any more.
func (a *Alone) end(ctx context.Context, signal syscall.Signal) error {
	if err := a.location.end(signal); err != nil {
		return err
	}
	return poll(ctx, func(ctx context.Context) error {
		if a.admin.PingContext(ctx) == nil {
			return errors.New("the server still responds")
		}
		return nil
	})
}
