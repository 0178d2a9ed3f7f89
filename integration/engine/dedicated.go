package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Dedicated is a server that only one test uses. Its committed data survives a
// kill, and its address stays the same.
type Dedicated struct {
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

// Dedicated starts a server for one test, which closes it, in a container or on
// the host.
func (e *Engine) Dedicated() (*Dedicated, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	server, err := containedDedicated(ctx, e)
	if err == nil || os.Getenv(requirement) == onlyContainers {
		return server, err
	}
	failures := []error{fmt.Errorf("docker: %w", err)}
	if server, err = hostedDedicated(ctx, e); err != nil {
		failures = append(failures, fmt.Errorf("host: %w", err))
		return nil, fmt.Errorf("engine: no dedicated %s: %w", e, errors.Join(failures...))
	}
	return server, nil
}

// Close stops the server and removes its data.
func (d *Dedicated) Close() error { return d.close() }

// Pause stops every process of the server. Connections stay open. On a busy
// machine a container is not always frozen at once.
func (d *Dedicated) Pause(ctx context.Context) error {
	return poll(ctx, func(context.Context) error { return d.location.pause() })
}

// Resume continues the processes.
func (d *Dedicated) Resume(context.Context) error { return d.location.resume() }

// Kill kills every process of the server.
func (d *Dedicated) Kill(ctx context.Context) error { return d.end(ctx, syscall.SIGKILL) }

// Start starts a killed server, and returns when it responds.
func (d *Dedicated) Start(ctx context.Context) error {
	if err := d.location.start(ctx); err != nil {
		return err
	}
	_, err := d.version(ctx)
	return err
}

// Restart shuts the server down and starts it again.
func (d *Dedicated) Restart(ctx context.Context) error {
	if err := d.end(ctx, d.engine.product.stop); err != nil {
		return err
	}
	return d.Start(ctx)
}

// end returns when the server does not respond any more.
func (d *Dedicated) end(ctx context.Context, signal syscall.Signal) error {
	if err := d.location.end(signal); err != nil {
		return err
	}
	return poll(ctx, func(ctx context.Context) error {
		if d.admin.PingContext(ctx) == nil {
			return errors.New("the server still responds")
		}
		return nil
	})
}
