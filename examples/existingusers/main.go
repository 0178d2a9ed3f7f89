// Command existingusers is an application that had users before it had the kit: a
// table users of 1,000 people, and their orders. README.md is the guide.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/ent/postgres"
	"github.com/cotterpin/cotterpin/ent/sqlite"
	"github.com/cotterpin/cotterpin/examples/internal/demo"
)

//go:embed auth.hcl
var embeddedFile []byte

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`host:port` to listen on; port 0 picks a free port")
	file := flag.String("config", "", "configuration `file` (default: emulator, and SQLite in ./existingusers.db)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	if err := run(ctx, *addr, *file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, file string) (err error) {
	listener, err := demo.Listen(ctx, addr)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // a second time after demo.Serve
	settings, err := load(ctx, file)
	if err != nil {
		return err
	}
	if file == "" {
		settings.Auth.BaseURL = demo.LocalURL(listener)
	}
	s, err := openShop(ctx, settings.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	kit, err := core.New(ctx, settings, core.WithOnRegister(findPerson))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kit.Close()) }()
	fmt.Fprintf(os.Stderr, "listening on http://%s\nopen %s/ in a browser\n", listener.Addr(), settings.Auth.BaseURL)
	return demo.Serve(ctx, demo.HTTPServer(handler(kit, s)), listener)
}

func load(ctx context.Context, file string) (core.Settings, error) {
	types := core.WithTypes(cotter.Type, oidc.Type, emulator.Type, sqlite.Type, postgres.Type)
	if file == "" {
		return core.Parse(ctx, "auth.hcl", embeddedFile, types)
	}
	return core.Load(ctx, file, types)
}
