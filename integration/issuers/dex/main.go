// Command dex runs dex at a path of a port of the loopback interface:
//
//	dex REDIRECT_URI ALGORITHM
//
// It prints the issuer. The client is "web"; the user is ada@example.com.
// POST /rotate makes it sign with another key and publish both.
//
// It uses dex's server package, because cmd/dex requires an API module that dex's
// go.mod replaces by a directory.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
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

func main() {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	keys := keys{jose.SignatureAlgorithm(os.Args[2]), memory.New(logger), logger}
	if err := run(context.Background(), os.Args[1], keys); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	select {} // until it is killed
}

func run(ctx context.Context, redirect string, keys keys) error {
	if err := fill(ctx, keys.store, redirect); err != nil {
		return err
	}
	signing, err := keys.open(ctx)
	if err != nil {
		return err
	}
	refresh, err := tokens.NewRefreshTokenPolicy(keys.logger, false, "", "", "")
	if err != nil {
		return err
	}
	listening := httptest.NewUnstartedServer(nil)
	issuer := "http://" + listening.Listener.Addr().String() + "/dex"
	dex, err := server.NewServer(ctx, server.Config{
		Issuer:             issuer,
		Storage:            keys.store,
		Signer:             signing,
		IDTokensValidFor:   tokenLifetime,
		RefreshTokenPolicy: refresh,
		SkipApprovalScreen: true,
		Web:                server.WebConfig{WebFS: web.FS()},
		Logger:             keys.logger,
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/dex/", dex)
	mux.HandleFunc("POST /rotate", func(w http.ResponseWriter, r *http.Request) {
		if err := keys.rotate(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	listening.Config.Handler = mux
	listening.Start()
	fmt.Fprintln(os.Stdout, issuer)
	return nil
}

// fill stores the client and the user.
func fill(ctx context.Context, store storage.Storage, redirect string) error {
	if err := store.CreateClient(ctx, storage.Client{ID: "web", Secret: "secret", RedirectURIs: []string{redirect}}); err != nil {
		return err
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("verysecure"), bcrypt.DefaultCost)
	if err != nil {
		return err
	}
	user := storage.Password{Email: "ada@example.com", Hash: hash, Username: "ada", UserID: "0001"}
	if err := store.CreatePassword(ctx, user); err != nil {
		return err
	}
	return store.CreateConnector(ctx, storage.Connector{ID: connectors.LocalConnector, Type: connectors.LocalConnector, Name: "Email"})
}

const tokenLifetime = 10 * time.Minute

// keys are the signing keys in dex's store.
type keys struct {
	algorithm jose.SignatureAlgorithm
	store     storage.Storage
	logger    *slog.Logger
}

func (k keys) open(ctx context.Context) (signer.Signer, error) {
	local := signer.LocalConfig{KeysRotationPeriod: "6h", Algorithm: k.algorithm}
	return local.Open(ctx, k.store, tokenLifetime, time.Now, k.logger)
}

// rotate makes the current key due, and starts a signer, which then rotates the
// keys at once.
func (k keys) rotate(ctx context.Context) error {
	due := func(keys storage.Keys) (storage.Keys, error) {
		keys.NextRotation = time.Time{}
		return keys, nil
	}
	if err := k.store.UpdateKeys(ctx, due); err != nil {
		return err
	}
	rotating, err := k.open(ctx)
	if err != nil {
		return err
	}
	rotating.Start(ctx) // until the request ends
	return nil
}
