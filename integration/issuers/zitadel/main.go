// Command zitadel runs the example server of zitadel/oidc on a port of the
// loopback interface:
//
//	zitadel REDIRECT_URI
//
// It prints the issuer. The client is "web"; the user is test-user@127.0.0.1.
package main

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

func main() {
	redirect := os.Args[1]
	server := httptest.NewUnstartedServer(nil)
	issuer := "http://" + server.Listener.Addr().String() + "/"
	storage.RegisterClients(storage.WebClient("web", "secret", redirect))
	store := storage.NewStorage(storage.NewUserStore(issuer))
	server.Config.Handler = exampleop.SetupServer(issuer, store, slog.New(slog.NewTextHandler(os.Stderr, nil)), false)
	server.Start()
	fmt.Fprintln(os.Stdout, issuer)
	select {} // until it is killed
}
