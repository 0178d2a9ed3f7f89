package core_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

// An application has a table of members already. At the first login, a user becomes
// the member with the verified email address, or a new one, in the same transaction.
// The member's id is then in Principal.ExternalID at each request. An application
// that uses ent gets a driver of that transaction from entstore.DriverFromContext.
func ExampleWithOnRegister() {
	onRegister := func(ctx context.Context, r core.Registration) error {
		if !r.EmailVerified {
			return autherr.New(autherr.RegistrationClosed, "email_not_verified")
		}
		email := strings.ToLower(r.Email)
		if _, err := r.Tx.ExecContext(ctx, "INSERT INTO members (email) VALUES (?) ON CONFLICT DO NOTHING", email); err != nil {
			return autherr.StoreFailed(err)
		}
		var id string
		if err := r.Tx.QueryRowContext(ctx, "SELECT id FROM members WHERE email = ?", email).Scan(&id); err != nil {
			return autherr.StoreFailed(err)
		}
		r.SetExternalID(id)
		return nil
	}

	members, path := openMembers()
	defer os.RemoveAll(filepath.Dir(path))
	defer members.Close()
	kit, err := core.New(context.Background(), core.Settings{
		Auth:      config.Auth{Mode: config.ModeDevelopment, BaseURL: "http://localhost:8080"},
		Providers: []provider.Instance{emulator.Provider("", emulator.Settings{}, provider.Trust("email"))},
		Own:       &config.OwnSession{},
		Database:  &database.Instance{Type: sqlite.Type, Settings: &sqlite.Settings{Path: path}},
	}, core.WithOnRegister(onRegister), core.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer kit.Close()

	fmt.Println("ada:", loginStatus(kit, "ada@example.com", "OTP"))
	fmt.Println("ada again:", loginStatus(kit, "ada@example.com", "OTP"))
	fmt.Println("bob:", loginStatus(kit, "bob@example.com", "OTP"))
	fmt.Println("eve:", loginStatus(kit, "eve@example.com", "WEBAUTHN")) // proves no address
	for user, err := range kit.Users().All(context.Background(), core.UserQuery{}) {
		fmt.Println(user.Email, "is member", user.ExternalID, err)
	}
	// Output:
	// ada: 201
	// ada again: 200
	// bob: 201
	// eve: 403
	// ada@example.com is member 7 <nil>
	// bob@example.com is member 8 <nil>
}

// openMembers creates the application's table with one member, and returns the path
// of its file.
func openMembers() (members *sql.DB, path string) {
	dir, err := os.MkdirTemp("", "members")
	if err != nil {
		panic(err)
	}
	path = filepath.Join(dir, "app.db")
	connector, err := sqlite.Connector(path)
	if err != nil {
		panic(err)
	}
	members = sql.OpenDB(connector)
	if _, err := members.Exec("CREATE TABLE members (id integer PRIMARY KEY, email text NOT NULL UNIQUE);" +
		"INSERT INTO members VALUES (7, 'ada@example.com')"); err != nil {
		panic(err)
	}
	return members, path
}

// loginStatus signs in with tokens that the emulator issues for the method.
func loginStatus(kit *core.Kit, email, method string) int {
	tokens := post(kit, "/auth/emulator/_emulator/mint", map[string]any{
		"identifier": email, "access": map[string]string{"authentication_method": method},
	})
	return post(kit, "/auth/login", map[string]any{"oauth_token": json.RawMessage(tokens.Body)}).Status
}

func post(kit *core.Kit, path string, body any) core.Response {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	response, _ := kit.Adapter().Serve(context.Background(), core.Request{
		Method:        http.MethodPost,
		Path:          path,
		Host:          "localhost:8080",
		Remote:        "127.0.0.1:4711",
		ContentLength: int64(len(encoded)),
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          strings.NewReader(string(encoded)),
	})
	return response
}
