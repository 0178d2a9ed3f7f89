package account_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Only invited users can register; a rejected registration writes nothing.
func ExampleRegistrar() {
	registrar := account.Registrar{
		Store:  memstore.New().Accounts(),
		Create: true,
		OnRegister: func(_ context.Context, r account.Registration) error {
			if !strings.HasSuffix(r.Email, "@example.com") {
				return autherr.New(autherr.RegistrationClosed, "not_invited")
			}
			return nil
		},
		Now: time.Now,
	}

	for _, email := range []string{"ada@example.com", "ada@example.com", "eve@example.org"} {
		result, err := registrar.RegisterOrLogin(context.Background(), identity.Identity{
			Key:   identity.Key{Issuer: "https://issuer.example", Subject: email},
			Email: identity.Contact{Value: email},
		})
		fmt.Println(email, result.Created, err)
	}
	// Output:
	// ada@example.com true <nil>
	// ada@example.com false <nil>
	// eve@example.org false registration_closed (not_invited)
}
