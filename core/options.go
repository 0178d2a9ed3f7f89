package core

import (
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
	onRegister account.OnRegister
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

// WithOnRegister sets the hook that runs in the transaction that creates a user,
// and may reject it. Default: none.
func WithOnRegister(hook account.OnRegister) Option {
	return func(o *options) { o.onRegister = hook }
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
