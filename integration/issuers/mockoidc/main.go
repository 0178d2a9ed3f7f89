// Command mockoidc runs oauth2-proxy/mockoidc on a port of the loopback
// interface, and prints the issuer. Its only client is "web".
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/oauth2-proxy/mockoidc"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	select {} // until it is killed
}

func run(ctx context.Context) error {
	server, err := mockoidc.NewServer(nil)
	if err != nil {
		return err
	}
	server.ClientID, server.ClientSecret = "web", "secret"
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := server.Start(listener, nil); err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, server.Issuer())
	return nil
}
