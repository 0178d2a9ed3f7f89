package session_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// From a verified identity to a session, a recognized caller, and a logout.
func ExampleOwn() {
	ctx, db, settings := context.Background(), memstore.New(), config.OwnSession{}.WithDefaults()
	registrar := account.Registrar{Store: db.Accounts(), Create: true, Now: time.Now}
	sessions := session.NewOwn(settings, db.Sessions(), time.Now, slog.New(slog.DiscardHandler))

	id := identity.Identity{Key: identity.Key{Issuer: "https://issuer.example", Subject: "ada"}}
	result, err := registrar.RegisterOrLogin(ctx, id)
	user := result.User
	if err != nil {
		fmt.Println(err)
		return
	}
	issued, err := sessions.Issue(ctx, session.Login{User: user, Identity: id, Transport: config.TransportCookie})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := db.SignIn(ctx, database.SignIn{User: user, Session: issued.Stored, MaxSessions: settings.MaxPerUser}); err != nil {
		fmt.Println(err)
		return
	}

	credential := session.Credential{Token: issued.Token, Transport: config.TransportCookie}
	caller, _, err := sessions.Check(ctx, credential, false)
	fmt.Println(caller.Subject, err)
	ended, err := sessions.End(ctx, credential, "logout")
	fmt.Println(ended.UserID == user.ID, err)
	_, _, err = sessions.Check(ctx, credential, false)
	fmt.Println(err)
	// Output:
	// ada <nil>
	// true <nil>
	// invalid_token (session_revoked)
}
