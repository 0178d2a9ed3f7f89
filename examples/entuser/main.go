// Command entuser is an application with its own ent graph: its user is the kit's
// user with a nickname and notes. The application migrates the tables; the kit
// uses them with migrate = "off".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cotterpin/cotterpin/examples/internal/demo"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`host:port` to listen on; port 0 picks a free port")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr string) (err error) {
	listener, err := demo.Listen(ctx, addr)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // a second time after demo.Serve
	app, err := openApplication(ctx, "entuser.db", demo.LocalURL(listener))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.close()) }()
	fmt.Fprintf(os.Stderr, "listening on http://%s\nopen %s/ in a browser\n", listener.Addr(), demo.LocalURL(listener))
	return demo.Serve(ctx, demo.HTTPServer(app.handler()), listener)
}
