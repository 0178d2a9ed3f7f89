// Command dex runs dex at a path of a port of the loopback interface:
//
//	dex REDIRECT_URI ALGORITHM KEY_ROTATION
//
// It prints the issuer. The clients are "web" and "other"; the user is
// ada@example.com.
//

// server package: cmd/dex requires an API module that dex's go.mod replaces by a
// directory.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/connectors"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/server/tokens"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/dexidp/dex/web"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/crypto/bcrypt"
)

const tokenLifetime = 10 * time.Minute

func main() {
	if err := run(context.Background(), os.Args[1], jose.SignatureAlgorithm(os.Args[2]), os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, redirect string, algorithm jose.SignatureAlgorithm, rotation string) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	store, err := filled(ctx, redirect, logger)
	if err != nil {
		return err
	}
	local := signer.LocalConfig{KeysRotationPeriod: rotation, Algorithm: algorithm}
	keys, err := local.Open(ctx, store, tokenLifetime, time.Now, logger)
	if err != nil {
		return err
	}
	refresh, err := tokens.NewRefreshTokenPolicy(logger, false, "", "", "")
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "http://" + listener.Addr().String() + "/dex"
	handler, err := server.NewServer(ctx, server.Config{
		Issuer:             issuer,
		Storage:            store,
		Signer:             keys,
		IDTokensValidFor:   tokenLifetime,
		RefreshTokenPolicy: refresh,
		SkipApprovalScreen: true,
		Web:                server.WebConfig{WebFS: web.FS()},
		Logger:             logger,
	})
	if err != nil {
		return err
	}
	fmt.Println(issuer)
	return http.Serve(listener, handler)
}

// filled returns a store that contains the clients and the user.
func filled(ctx context.Context, redirect string, logger *slog.Logger) (storage.Storage, error) {
	store := memory.New(logger)
	for _, id := range []string{"web", "other"} {
		if err := store.CreateClient(ctx, storage.Client{ID: id, Secret: "secret", RedirectURIs: []string{redirect}}); err != nil {
			return nil, err
		}
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("verysecure"), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	user := storage.Password{Email: "ada@example.com", Hash: hash, Username: "ada", UserID: "0001"}
	if err := store.CreatePassword(ctx, user); err != nil {
		return nil, err
	}
	return store, store.CreateConnector(ctx, storage.Connector{ID: connectors.LocalConnector, Type: connectors.LocalConnector, Name: "Email"})
}
