package session_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
)

// From a verified identity to a session, a recognised caller, and a logout.
func ExampleOwn() {
	ctx, db := context.Background(), memstore.New()
	registrar := account.NewRegistrar(db.Accounts(), account.Options{Create: true, Now: time.Now})
	sessions := session.NewOwn(config.OwnSession{}, db.Sessions(), time.Now, slog.New(slog.DiscardHandler))

	id := identity.Identity{Key: identity.Key{Issuer: "https://issuer.example", Subject: "ada"}}
	user, _, err := registrar.RegisterOrLogin(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	issued, err := sessions.Issue(ctx, session.Login{User: user, Identity: id, Transport: config.TransportCookie})
	if err != nil {
		fmt.Println(err)
		return
	}
	presented := session.Presented{Token: issued.Token, Transport: config.TransportCookie}

	grant, err := sessions.Check(ctx, presented)
	fmt.Println(grant.Principal.Subject, err)
	ended, err := sessions.End(ctx, presented, "logout")
	fmt.Println(ended.UserID == user.ID, err)
	_, err = sessions.Check(ctx, presented)
	fmt.Println(err)
	// Output:
	// ada <nil>
	// true <nil>
	// invalid_token (session_revoked)
}
