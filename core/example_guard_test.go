package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
)

// The zero Guard requires a signed-in caller.
func ExampleGuard() {
	kit := exampleKit()
	defer kit.Close()
	me := cotterhttp.Require(kit, core.Guard{})(hello)

	get(me, "")
	get(me, "invalid")
	get(me, signIn(kit, claims{}))
	// Output:
	// 401 unauthenticated
	// 401 invalid_token
	// 200 Hello ada@example.com
}

// An optional guard admits requests without a caller.
func ExampleGuard_optional() {
	kit := exampleKit()
	defer kit.Close()
	home := cotterhttp.Require(kit, core.Guard{Optional: true})(hello)

	get(home, "")
	get(home, "invalid")
	get(home, signIn(kit, claims{}))
	// Output:
	// 200 Hello
	// 200 Hello
	// 200 Hello ada@example.com
}

// Employees sign in at another provider block than customers.
func ExampleGuard_providers() {
	kit := exampleKit()
	defer kit.Close()
	staff := cotterhttp.Require(kit, core.Guard{Providers: []string{"workforce"}})(hello)
	anyone := cotterhttp.Require(kit, core.Guard{Providers: []string{"workforce", "emulator"}})(hello)

	token := signIn(kit, claims{}) // at the block "emulator"
	get(staff, token)
	get(anyone, token)
	// Output:
	// 403 insufficient_scope
	// 200 Hello ada@example.com
}

// A route accepts callers who signed in with a passkey.
func ExampleGuard_authMethods() {
	kit := exampleKit()
	defer kit.Close()
	transfer := cotterhttp.Require(kit, core.Guard{AuthMethods: []string{"WEBAUTHN"}})(hello)

	get(transfer, signIn(kit, claims{"authentication_method": "OTP"}))
	get(transfer, signIn(kit, claims{"authentication_method": "WEBAUTHN"}))
	// Output:
	// 401 reauthentication_required
	// 200 Hello ada@example.com
}

// A route requires that the caller signed in at most five minutes ago.
func ExampleGuard_maxAge() {
	kit := exampleKit()
	defer kit.Close()
	password := cotterhttp.Require(kit, core.Guard{MaxAge: 5 * time.Minute})(hello)

	get(password, signIn(kit, claims{"iat": time.Now().Add(-10 * time.Minute).Unix()}))
	get(password, signIn(kit, claims{}))
	// Output:
	// 401 reauthentication_required
	// 200 Hello ada@example.com
}

// A route requires a signed claim. The session keeps the claim because its block
// lists it.
func ExampleGuard_claims() {
	kit := exampleKit()
	defer kit.Close()
	admin := cotterhttp.Require(kit, core.Guard{Claims: map[string]string{"role": "admin"}})(hello)

	get(admin, signIn(kit, claims{}))
	get(admin, signIn(kit, claims{"role": []string{"editor", "admin"}}))
	// Output:
	// 403 insufficient_scope
	// 200 Hello ada@example.com
}

// hello is the application's handler.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	user, _ := cotterhttp.User(r)
	fmt.Fprint(w, "Hello ", user.Email)
})

// exampleKit returns a kit whose users sign in at an emulator and are stored in
// memory.
func exampleKit() *core.Kit {
	kit, err := core.New(context.Background(), core.Settings{
		Auth:      config.Auth{Mode: config.ModeDevelopment, BaseURL: "http://localhost:8080"},
		Providers: []provider.Instance{{Type: emulator.Type, Settings: &emulator.Settings{}}},
		Own:       &config.OwnSession{Transport: []string{config.TransportBearer}, Claims: []string{"role"}},
		Database:  database.Existing(memstore.New()),
	}, core.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		panic(err)
	}
	return kit
}

type claims map[string]any

// signIn mints a token with the claims at the emulator, logs in with it and
// returns the session token.
func signIn(kit *core.Kit, c claims) (token string) {
	minted := post(kit, "/auth/emulator/_emulator/mint", map[string]any{"identifier": "ada@example.com", "access": c}).Body
	var session struct {
		Token struct {
			AccessToken string `json:"access_token"`
		}
	}
	if err := json.Unmarshal(post(kit, "/auth/login", map[string]any{"oauth_token": json.RawMessage(minted)}).Body, &session); err != nil {
		panic(err)
	}
	return session.Token.AccessToken
}

// get prints the status and the body of a response, or its problem code.
func get(handler http.Handler, token string) {
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	var problem struct{ Code string }
	if json.Unmarshal(w.Body.Bytes(), &problem) == nil {
		fmt.Println(w.Code, problem.Code) //nolint:forbidigo // the output of an example
		return
	}
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String())) //nolint:forbidigo // the output of an example
}
