package core_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// The case is A02.
func TestLogin_BadIdentity(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*identity.Identity){
		"Sound":   func(*identity.Identity) {},
		"Subject": func(id *identity.Identity) { id.Subject = "" },
		"Email":   func(id *identity.Identity) { id.Email.Value = "a@b\r\nc" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := memstore.New()
			h := newHarness(t, func(s *core.Settings) {
				s.Providers[0].Type = editedCotter(edit)
				s.Database = database.Existing(db)
			})
			h.log.Reset()
			r := h.login(t, ada, config.TransportBearer)
			_, err := db.Accounts().Find(t.Context(), identity.Key{
				Issuer: providertest.CotterIssuer, Subject: providertest.SubjectOf(ada),
			})
			if name == "Sound" {
				is(t, r, http.StatusCreated, "")
				if err != nil {
					t.Errorf("find: %v", err)
				}
				return
			}
			is(t, r, http.StatusInternalServerError, "internal")
			if !errors.Is(err, account.ErrNotFound) {
				t.Errorf("a user was written: %v", err)
			}
			log := h.log.String()
			if strings.Count(log, `"level":"ERROR"`) != 1 || strings.Count(log, `"reason":"bad_identity"`) != 1 {
				t.Errorf("want one line at level ERROR with reason bad_identity, got:\n%s", log)
			}
		})
	}
}

// editedCotter is Cotter's provider with changed identities.
func editedCotter(edit func(*identity.Identity)) provider.Type {
	return provider.Define(provider.Definition[cotter.Settings]{
		Type: "cotter",
		Open: func(ctx context.Context, s cotter.Settings, env provider.Env) (provider.Driver, error) {
			env.Development = true
			driver, err := cotter.Type.Open(ctx, &s, env)
			return edited{driver, edit}, err
		},
	})
}

type edited struct {
	provider.Driver
	edit func(*identity.Identity)
}

func (e edited) Identify(v provider.Verified) (identity.Identity, error) {
	id, err := e.Driver.Identify(v)
	e.edit(&id)
	return id, err
}

// The case is A03.
func TestNew_ZeroCommonIsStrict(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		common provider.Common
		age    time.Duration
		want   int
	}{
		"Young":         {provider.Common{}, 14 * time.Minute, http.StatusCreated},
		"Old":           {provider.Common{}, 50 * time.Minute, http.StatusUnauthorized},
		"OldWithoutMax": {provider.Common{LoginMaxAge: config.Off}, 50 * time.Minute, http.StatusCreated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, func(s *core.Settings) { s.Providers[0].Common = c.common })
			login := h.issuer.Login(ada)
			h.clock.Advance(c.age)
			code := ""
			if c.want == http.StatusUnauthorized {
				code = "token_expired"
			}
			is(t, h.call(t, "POST", "/auth/login", string(login.Body())), c.want, code)
		})
	}
}
