package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/web"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/sqlite"
	"github.com/cotterpin/cotterpin/examples/entuser/internal/graph"
	"github.com/cotterpin/cotterpin/examples/internal/demo"
)

// application is the kit and the application's graph on one database file.
type application struct {
	*demo.App
	graph *graph.Client
}

// openApplication migrates first: the kit only checks for the columns that it
// needs.
func openApplication(ctx context.Context, path, baseURL string) (*application, error) {
	client, err := openGraph(ctx, path)
	if err != nil {
		return nil, err
	}
	app, err := demo.Open(ctx, configuration(path, baseURL), core.WithOnRegister(welcome))
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &application{app, client}, nil
}

func (a *application) close() error {
	return errors.Join(a.Kit.Close(), a.graph.Close())
}

func openGraph(ctx context.Context, path string) (*graph.Client, error) {
	source, err := sqlite.DataSource(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	client := graph.NewClient(graph.Driver(entsql.OpenDB(dialect.SQLite, db)))
	if err := client.Schema.Create(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot migrate: %w", err), client.Close())
	}
	return client, nil
}

// configuration returns the settings of a configuration file, written in Go.
func configuration(path, baseURL string) core.Settings {
	return core.Settings{
		Auth:      config.Auth{Mode: config.ModeDevelopment, BaseURL: baseURL},
		Providers: []provider.Instance{emulator.Provider("", emulator.Settings{})},
		Own:       &config.OwnSession{},
		Database:  sqlite.Database(sqlite.Settings{Path: path, Migrate: string(database.MigrateOff)}),
	}
}

// welcome adds a first note for a new user in the transaction that registers the
// user: both are stored, or neither.
func welcome(ctx context.Context, r core.Registration) error {
	client, err := onTransaction(ctx)
	if err != nil {
		return err
	}
	return client.Note.Create().SetUserID(r.UserID).SetText("Welcome!").Exec(ctx)
}

// onTransaction returns the application's client on the kit's transaction.
func onTransaction(ctx context.Context) (*graph.Client, error) {
	driver, ok := entstore.DriverFromContext(ctx)
	if !ok {
		return nil, errors.New("there is no transaction of the kit's store")
	}
	return graph.NewClient(graph.Driver(driver)), nil
}

func (a *application) handler() http.Handler {
	required := cotterhttp.Require(a.Kit, core.Guard{})
	optional := cotterhttp.Require(a.Kit, core.Guard{Optional: true})
	route := func(respond func(*http.Request) (core.Response, error)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			response, err := respond(r)
			if err != nil {
				cotterhttp.Fail(a.Kit, w, r, err)
				return
			}
			response.WriteHTTP(w)
		})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { a.Page().WriteHTTP(w) })
	mux.Handle("GET /api/public", optional(route(caller)))
	mux.Handle("GET /api/profile", required(route(a.profile)))
	mux.Handle("PUT /api/profile/{nickname}", required(route(a.rename)))
	mux.Handle("POST /api/notes", required(route(a.note)))
	return cotterhttp.Mount(a.Kit)(mux)
}

func caller(r *http.Request) (core.Response, error) {
	principal, _ := core.PrincipalFromContext(r.Context())
	return demo.Caller(principal), nil
}

// profile returns the application's fields of the caller.
func (a *application) profile(r *http.Request) (core.Response, error) {
	principal, _ := core.PrincipalFromContext(r.Context())
	user, err := a.graph.User.Get(r.Context(), principal.UserID)
	if err != nil {
		return core.Response{}, err
	}
	notes, err := user.QueryNotes().Select("text").Strings(r.Context())
	if err != nil {
		return core.Response{}, err
	}
	return web.JSON(http.StatusOK, map[string]any{"nickname": user.Nickname, "notes": notes}), nil
}

func (a *application) rename(r *http.Request) (core.Response, error) {
	principal, _ := core.PrincipalFromContext(r.Context())
	err := a.graph.User.UpdateOneID(principal.UserID).SetNickname(r.PathValue("nickname")).Exec(r.Context())
	return web.NoContent(), err
}

func (a *application) note(r *http.Request) (core.Response, error) {
	principal, _ := core.PrincipalFromContext(r.Context())
	text, err := demo.ReadNote(r.Body)
	if err != nil {
		return core.Response{}, err
	}
	err = a.graph.Note.Create().SetUserID(principal.UserID).SetText(text).Exec(r.Context())
	return web.JSON(http.StatusCreated, map[string]string{"note": text}), err
}
