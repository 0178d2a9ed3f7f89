// Package demo is what the demo applications share: flags, configuration,
// start, end, and what their routes answer, as values. What a framework does is
// in the program of that framework.
package demo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/cotterpin/cotterpin/core"
)

// App is the application behind its routes.
type App struct {
	Kit  *core.Kit
	page core.Response
}

// Main is the whole of a program: it opens what the flags say, serves what
// mount returns until the process is told to end, and exits: 0 after SIGTERM or
// SIGINT, 1 if it could not start or go on, 2 for wrong flags.
func Main(mount func(*App) Server) {
	flags := parseFlags()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends at once
	if err := run(ctx, flags, os.Stderr, mount); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// flags are the flags of a program.
type flags struct {
	config string // "": the embedded file
	addr   string
}

func parseFlags() flags {
	var f flags
	flag.StringVar(&f.config, "config", "", "configuration `file` (default: emulator, own sessions, and SQLite in ./auth.db)")
	flag.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`host:port` to listen on; port 0 picks one")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(flag.CommandLine.Output(), "unexpected argument: %s\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	return f
}

// run serves until ctx is done. The database is closed when it returns.
func run(ctx context.Context, f flags, stderr io.Writer, mount func(*App) Server) (err error) {
	log := slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{ReplaceAttr: inUTC}))
	slog.SetDefault(log)
	settings, err := load(ctx, f.config)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.addr)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	defer listener.Close() //nolint:errcheck // the server has closed it, but where nothing was served
	if f.config == "" {
		settings.Auth.BaseURL = LocalURL(listener)
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

// inUTC has the logs of all nodes tell one time.
func inUTC(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindTime {
		a.Value = slog.TimeValue(a.Value.Time().UTC())
	}
	return a
}

// Open opens the kit. The caller closes it.
func Open(ctx context.Context, settings core.Settings, options ...core.Option) (*App, error) {
	page, err := renderPage(settings)
	if err != nil {
		return nil, err
	}
	kit, err := core.New(ctx, settings, options...)
	if err != nil {
		return nil, err
	}
	return &App{Kit: kit, page: page}, nil
}
