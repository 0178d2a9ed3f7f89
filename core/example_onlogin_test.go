package core_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// An application rejects logins of suspended members. Its rows are read, and could be
// written, in the transaction that records the login.
func ExampleWithOnLogin() {
	suspended := map[string]bool{"eve@example.com": true}
	onLogin := func(_ context.Context, l core.Login) error {
		if l.EmailVerified && suspended[l.Email] {
			return autherr.New(autherr.AccountDisabled, "suspended") // or a code of the application: autherr.Define
		}
		fmt.Println(l.Email, "signs in at", l.Provider, "for the first time:", l.Created)
		return nil
	}
	kit, err := core.New(context.Background(), core.Settings{
		Auth:      config.Auth{Mode: config.ModeDevelopment, BaseURL: "http://localhost:8080"},
		Providers: []provider.Instance{emulator.Provider("", emulator.Settings{}, provider.Trust("email"))},
		Own:       &config.OwnSession{},
		Database:  &database.Instance{Type: sqlite.Type, Settings: &sqlite.Settings{Path: ":memory:"}},
	}, core.WithOnLogin(onLogin), core.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer kit.Close()

	for _, email := range []string{"ada@example.com", "ada@example.com", "eve@example.com"} {
		status := loginStatus(kit, email, "OTP")
		fmt.Println(status, http.StatusText(status))
	}
	// Output:
	// ada@example.com signs in at emulator for the first time: true
	// 201 Created
	// ada@example.com signs in at emulator for the first time: false
	// 200 OK
	// 403 Forbidden
}
