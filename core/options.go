package core

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
)

// Option gives [Open] and [New] what lives and therefore stands in no file.
type Option func(*options)

type options struct {
	types      []config.Type
	onRegister account.OnRegister
	transport  http.RoundTripper
	now        func() time.Time
	log        *slog.Logger
}

// WithTypes names the types of provider and of database that the file may use, such
// as cotter.Type and sqlite.Type. Nothing registers itself.
func WithTypes(types ...config.Type) Option {
	return func(o *options) { o.types = append(o.types, types...) }
}

// WithOnRegister sets the hook that runs in the transaction that creates a user,
// and may veto it. Default: none.
func WithOnRegister(hook account.OnRegister) Option {
	return func(o *options) { o.onRegister = hook }
}

// WithTransport sets what providers are called through. Default: a transport of
// the kit's own for each provider. With it no block `http` may name a ca_file.
// The emulator is called within the process, and does not use it.
func WithTransport(transport http.RoundTripper) Option {
	return func(o *options) { o.transport = transport }
}

// WithClock sets the clock. Default: time.Now.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now = now }
}

// WithLogger sets where the kit logs. No token, cookie or secret is ever
// written to it. Default: slog.Default.
func WithLogger(log *slog.Logger) Option {
	return func(o *options) { o.log = log }
}

func newOptions(list []Option) options {
	o := options{now: time.Now, log: slog.Default()}
	for _, option := range list {
		option(&o)
	}
	return o
}
