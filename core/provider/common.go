package provider

import (
	"fmt"
	"slices"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/defaults"
	"github.com/cotterpin/cotterpin/core/internal/jwt"
)

const (
	maxTimeout  = 30 * time.Second   // of HTTP.Timeout
	maxCache    = 1_000_000          // of Common.Cache
	minKeyAge   = time.Second        // of KeyAges.MaxAge
	maxKeyStale = 7 * 24 * time.Hour // of KeyAges.MaxStale
)

// Common contains the arguments that every provider block has. The zero value
// means the defaults.
type Common struct {
	// DisplayName is the provider's name for users. Default: the name of the block.
	DisplayName string `hcl:"display_name,optional" doc:"the provider's name for users; default: the name of the block"`

	// State is config.StateActive, config.StateDraining or config.StateDisabled.
	// Draining: unknown identities are rejected with provider_draining, and those that
	// are registered sign in. Disabled: every token of the block, and every own session
	// that began with one, is rejected with invalid_token; nothing is deleted, so that
	// sessions are valid again once the block is not disabled. Its keys are not fetched
	// then. Default config.StateActive.
	State string `hcl:"state,optional" doc:"active; draining: only registered identities sign in; or disabled: its tokens, and sessions that began with them, are rejected"`

	// Trust lists the contacts that the provider is trusted to have verified:
	// "email", "phone". Default: none.
	Trust []string `hcl:"trust,optional" doc:"contacts that the provider is trusted to have verified: email, phone"`

	// ClockSkew is how far the provider's clock may be off. Default 30 s, at
	// most 2 minutes; [config.Off]: not at all.
	ClockSkew config.Duration `hcl:"clock_skew,optional" doc:"how far the provider's clock may be off; at most 120s"`

	// LoginMaxAge is how long after its issue a token may be posted to the login,
	// as often as the client likes. Otherwise the login is rejected with
	// token_expired, in the log with reason older_than_login_max_age.
	//
	// SDKs that cache tokens return old ones, Firebase's for an hour: the front end
	// gets a new one for the login, such as by getIdToken(true)
	// (https://firebase.google.com/docs/reference/js/auth.user), or the block accepts
	// older tokens. Default 15 minutes; [config.Off]: until it expires.
	LoginMaxAge config.Duration `hcl:"login_max_age,optional" doc:"how long after its issue a token may be posted to the login; 0s: until it expires. A front end whose SDK caches tokens, as Firebase's does for an hour, gets a new one first"`

	// Cache is the number of verified tokens of requests whose signature is not
	// checked again until it expires or the keys change. Each takes at most 4 KiB
	// of memory.
	// Default 10 000 (40 MiB), at most a million; zero: none. Logins are always
	// verified in full.
	Cache *int `hcl:"cache,optional" doc:"how many verified tokens of requests are cached, in 4 KiB each; 0: none"`

	// Keys limits the age of keys that are fetched. nil means the defaults.
	Keys *KeyAges `hcl:"keys,block" doc:"how long the provider's keys are used"`

	// HTTP configures calls to the provider. nil means the defaults.
	HTTP *HTTP `hcl:"http,block" doc:"how the provider is called"`
}

// KeyAges is the block `keys` in a provider block: how long keys that were fetched
// are used. Cache-Control and Expires of the response are ignored.
type KeyAges struct {
	// MaxAge is the age from which keys are fetched again before they are used,
	// so that a key that the provider withdraws is rejected. Keys that cannot be
	// fetched again remain valid until MaxStale. From five sixths of MaxAge they
	// are fetched in the background. Default 1 h, at least 1 s.
	MaxAge config.Duration `hcl:"max_age,optional" doc:"age from which keys are fetched again before they are used; at least 1s"`

	// MaxStale is the age from which keys are not used, even if the provider
	// cannot be reached: requests that need them are then 503. Default 24 h, at
	// least MaxAge, at most 7 days.
	MaxStale config.Duration `hcl:"max_stale,optional" doc:"age from which keys are not used even if they cannot be fetched; at least max_age, at most 7d"`
}

// HTTP is the block `http` in a provider block.
type HTTP struct {
	// Timeout bounds one call, the body included. Default 5 s, at most 30 s.
	Timeout config.Duration `hcl:"timeout,optional" doc:"limit of one call, the body included; default 5s, at most 30s"`
	// CAFile is a PEM file of the certificate authorities that replace the
	// system's. Default: the system's.
	CAFile string `hcl:"ca_file,optional" doc:"PEM file of the certificate authorities that replace the system's"`
}

// WithDefaults returns c with each zero field replaced by its default.
func (c Common) WithDefaults() Common {
	return defaults.Fill(c, Common{
		State:       config.StateActive,
		ClockSkew:   config.Duration(30 * time.Second),
		LoginMaxAge: config.Duration(15 * time.Minute),
		Cache:       new(10_000),
		Keys:        &KeyAges{MaxAge: config.Duration(jwt.KeyMaxAge), MaxStale: config.Duration(jwt.KeyMaxStale)},
		HTTP:        &HTTP{Timeout: config.Duration(5 * time.Second)},
	})
}

// Trusts reports whether the contact ("email" or "phone") is in Trust.
func (c Common) Trusts(contact string) bool { return slices.Contains(c.Trust, contact) }

// Problems returns what is wrong with the arguments, without using the network
// or the file system.
func (c Common) Problems() []config.Problem {
	c = c.WithDefaults()
	var problems []config.Problem
	report := func(argument, problem string) {
		problems = append(problems, config.Problem{Argument: argument, Message: problem})
	}
	if !slices.Contains([]string{config.StateActive, config.StateDraining, config.StateDisabled}, c.State) {
		report("state", `must be "active", "draining" or "disabled"`)
	}
	for _, contact := range c.Trust {
		if contact != "email" && contact != "phone" {
			report("trust", fmt.Sprintf(`%q is not a contact: use "email", "phone" or both`, contact))
		}
	}
	if skew := c.ClockSkew.Std(); skew < 0 || skew > jwt.MaxClockSkew {
		report("clock_skew", `must be between "0s" and "120s"`)
	}
	if c.LoginMaxAge.Std() < 0 {
		report("login_max_age", `must not be negative; "0s" accepts a token until it expires`)
	}
	if *c.Cache < 0 || *c.Cache > maxCache {
		report("cache", `must be between 0 and 1000000 tokens; 0 caches none`)
	}
	if c.Keys.MaxAge.Std() < minKeyAge {
		report("keys.max_age", `must be at least "1s"`)
	}
	if c.Keys.MaxStale < c.Keys.MaxAge {
		report("keys.max_stale", fmt.Sprintf("is %q, and must be at least max_age, which is %q", c.Keys.MaxStale, c.Keys.MaxAge))
	}
	if c.Keys.MaxStale.Std() > maxKeyStale {
		report("keys.max_stale", `must be at most "7d"`)
	}
	if timeout := c.HTTP.Timeout.Std(); timeout <= 0 || timeout > maxTimeout {
		report("http.timeout", `must be more than "0s" and at most "30s"`)
	}
	return problems
}
