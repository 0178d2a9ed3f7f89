package account_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Only invited people register; the veto leaves nothing behind.
func ExampleOnRegister() {
	invited := func(_ context.Context, _ *sql.Tx, user account.NewUser) error {
		if !strings.HasSuffix(user.Identity.Email.Value, "@example.com") {
			return autherr.New(autherr.RegistrationClosed, "not_invited")
		}
		return nil
	}
	registrar := account.NewRegistrar(memstore.New().Accounts(), account.Options{
		Create: true, OnRegister: invited, Now: time.Now,
	})

	for _, email := range []string{"ada@example.com", "ada@example.com", "eve@example.org"} {
		_, created, err := registrar.RegisterOrLogin(context.Background(), identity.Identity{
			Key:   identity.Key{Issuer: "https://issuer.example", Subject: email},
			Email: identity.Contact{Value: email},
		})
		fmt.Println(email, created, err)
	}
	// Output:
	// ada@example.com true <nil>
	// ada@example.com false <nil>
	// eve@example.org false registration_closed (not_invited)
}
