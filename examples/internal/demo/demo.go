// Package demo is the shared part of the demo applications: flags, configuration,
// start, shutdown, and the responses of their routes, as values. The program of a
// framework adds that framework.
package demo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/cotterpin/cotterpin/core"
)

// App is the application behind its routes.
type App struct {
	Kit      *core.Kit
	page     core.Response
	stopping <-chan struct{} // closed at shutdown
}

// Main is the main function of a program. It opens the kit, serves what mount
// returns until SIGTERM or SIGINT, and exits: with 0 after a signal, 1 if the
// program cannot start or continue, 2 for wrong flags.
func Main(mount func(*App) Server) {
	f, err := parseFlags(os.Args[0], os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, f, os.Stderr, mount); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx is done. It closes the database before it returns.
func run(ctx context.Context, f flags, stderr io.Writer, mount func(*App) Server) (err error) {
	log := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{ReplaceAttr: inUTC}))
	slog.SetDefault(log)
	settings, err := load(ctx, f.config)
	if err != nil {
		return err
	}
	listener, err := Listen(ctx, f.addr)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // a second time after Serve
	if f.config == "" {
		settings.Auth.BaseURL = LocalURL(listener)
	}
	if otherPort(settings.Auth.BaseURL, listener.Addr()) {
		log.Warn("the port of base_url is not the port of -addr: the page will not open",
			"event", "base_url_port", "base_url", settings.Auth.BaseURL, "address", listener.Addr().String())
	}
	app, err := Open(ctx, settings, core.WithLogger(log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Kit.Close()) }()
	fmt.Fprintf(stderr, "listening on http://%s\n", listener.Addr())
	fmt.Fprintf(stderr, "open %s/ in a browser\n", settings.Auth.BaseURL)
	return Serve(ctx, mount(app), listener)
}

// inUTC converts times to UTC, so that the logs of all nodes are comparable.
func inUTC(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindTime {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}

// Open opens the kit. The caller closes it. When ctx is done, streams end: a server
// that shuts down waits for them.
func Open(ctx context.Context, settings core.Settings, options ...core.Option) (*App, error) {
	kit, err := core.New(ctx, settings, options...)
	if err != nil {
		return nil, err
	}
	settings.Auth = settings.Auth.WithDefaults()
	links, err := linksOf(ctx, kit, settings.Auth.Path)
	if err != nil {
		return nil, errors.Join(err, kit.Close())
	}
	page, err := renderPage(settings, links)
	if err != nil {
		return nil, errors.Join(err, kit.Close())
	}
	return &App{Kit: kit, page: page, stopping: ctx.Done()}, nil
}
