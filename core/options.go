package core

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
)

// Option configures a runtime dependency that cannot be set in the file.
type Option func(*options)

type options struct {
	types      []config.Type
	onRegister func(ctx context.Context, r Registration) error
	onLogin    func(ctx context.Context, l Login) error
	transport  http.RoundTripper
	now        func() time.Time
	log        *slog.Logger
}

// WithTypes adds types of provider and database that the file may use, such as
// cotter.Type and sqlite.Type. Each must be what provider.Define or
// database.Define returned; anything else, and two types of one name, are errors
// of [Open], [Load] and [Parse]. There is no global registry.
func WithTypes(types ...config.Type) Option {
	return func(o *options) { o.types = append(o.types, types...) }
}

// Registration describes a user who is being created. Its fields are documented
// in package account: see [account.Registration].
type Registration = account.Registration

// WithOnRegister sets the hook that runs in the transaction that creates a user.
// Default: none.
//
// The hook may write rows of the application through r.Tx, and prevent the
// registration by an error: nothing is written then. An *autherr.Error, or one of
// the application's codes, is the response, such as RegistrationClosed, or
// [autherr.StoreFailed] where r.Tx failed. For any other error, and for a panic,
// the response is Internal, or TemporarilyUnavailable if ctx is done.
//
// The hook should be short: ctx ends with the login's time for the database,
// at most 3 s, and on SQLite it blocks all other writers, also another pool of
// the hook. It must not call the kit, which cannot read the new user yet; on
// SQLite in memory that would wait for the connection of r.Tx. It must neither
// commit nor roll back nor retain r.Tx. It is called again, for the same or
// another user id, if its transaction is rolled back because of a concurrent
// one, so its effects outside of r.Tx must be repeatable.
func WithOnRegister(hook func(ctx context.Context, r Registration) error) Option {
	return func(o *options) { o.onRegister = hook }
}

// WithOnLogin sets the hook that runs at each login, in the transaction that records
// it and begins the session. Default: none. It does not run at a refresh.
//
// An error, or a panic, prevents the login: no session begins, and the response is
// the same as for the hook of [WithOnRegister], to which the same rules apply. If this
// login has created the user, or added the identity to it, that remains.
//
// The configuration must store users: otherwise [Open] and [New] return an error,
// because the hook would never run.
func WithOnLogin(hook func(ctx context.Context, l Login) error) Option {
	return func(o *options) { o.onLogin = hook }
}

// WithTransport sets the transport of requests to providers. Default, also for
// nil: a transport for each provider. With it no block `http` may have a
// ca_file. The emulator is called within the process and does not use it.
func WithTransport(transport http.RoundTripper) Option {
	return func(o *options) { o.transport = transport }
}

// WithClock sets the clock. Default, also for nil: time.Now.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now = now }
}

// WithLogger sets the logger. No token, cookie or secret is logged. Default,
// also for nil: slog.Default.
func WithLogger(log *slog.Logger) Option {
	return func(o *options) { o.log = log }
}

func newOptions(list []Option) options {
	var o options
	for _, option := range list {
		option(&o)
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.log == nil {
		o.log = slog.Default()
	}
	return o
}
