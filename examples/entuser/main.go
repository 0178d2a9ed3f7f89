// Command entuser is an application with an ent graph of its own, in which a
// user has a nickname and notes beside what the kit keeps. The application
// migrates the tables; the kit, told migrate = "off", works on them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/cotterpin/cotterpin/examples/internal/demo"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`host:port` to listen on; port 0 picks one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends at once
	if err := run(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr string) (err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	defer listener.Close() //nolint:errcheck // the server has closed it, but where nothing was served
	app, err := openApplication(ctx, "entuser.db", demo.LocalURL(listener))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.close()) }()
	fmt.Fprintf(os.Stderr, "listening on http://%s\nopen %s/ in a browser\n", listener.Addr(), demo.LocalURL(listener))
	return demo.Serve(ctx, demo.HTTPServer(app.handler()), listener)
}
