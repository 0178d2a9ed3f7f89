package main

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
)

// The codes of the application. The page explains them.
var (
	emailNotVerified = autherr.Define("email_not_verified", http.StatusForbidden, "Verify your email address first")
	emailAmbiguous   = autherr.Define("email_ambiguous", http.StatusConflict, "Several accounts have this email address")
	accountTaken     = autherr.Define("account_taken", http.StatusConflict, "The account with this email address has another sign-in")
)

// findPerson assigns the row of the person who signs in for the first time, or a new
// one, to the kit's user.
func findPerson(ctx context.Context, r core.Registration) error {
	if !r.EmailVerified {
		return emailNotVerified
	}
	people, err := peopleByEmail(ctx, r.Tx, r.Email)
	if err == nil && len(people) == 0 {
		people, err = addPerson(ctx, r.Tx, r.Email)
	}
	switch {
	case err != nil:
		return autherr.StoreFailed(err)
	case len(people) > 1:
		return emailAmbiguous
	case people[0].taken:
		return accountTaken
	}
	r.SetExternalID(people[0].id)
	return nil
}

// handler mounts the kit and guards the orders.
func handler(kit *core.Kit, s shop) http.Handler {
	router := chi.NewRouter()
	router.Use(cotterhttp.Mount(kit))
	router.Handle("/*", page())
	router.With(cotterhttp.Require(kit, core.Guard{})).Get("/api/orders", func(w http.ResponseWriter, r *http.Request) {
		caller, _ := cotterhttp.Principal(r)
		s.serveOrders(w, r, caller.ExternalID)
	})
	return router
}
