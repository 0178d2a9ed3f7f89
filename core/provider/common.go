package provider

import (
	"fmt"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/token"
)

const (
	maxTimeout = 30 * time.Second // of HTTP.Timeout
	maxCache   = 1_000_000        // of Common.Cache
)

// Problems returns what is wrong with the common arguments, without touching
// the network or the file system.
func (c Common) Problems() []config.Problem {
	var problems []config.Problem
	wrong := func(argument, problem string) {
		problems = append(problems, config.Problem{Argument: argument, Message: problem})
	}
	for _, contact := range c.Trust {
		if contact != "email" && contact != "phone" {
			wrong("trust", fmt.Sprintf(`%q is no contact: use "email", "phone" or both`, contact))
		}
	}
	if skew := c.ClockSkew.Std(); skew < 0 || skew > token.MaxClockSkew {
		wrong("clock_skew", `must be between "0s" and "120s"`)
	}
	if c.LoginMaxAge.Std() < 0 {
		wrong("login_max_age", `must not be negative; "0s" accepts a token as long as it lives`)
	}
	if c.Cache < 0 || c.Cache > maxCache {
		wrong("cache", `must be between 0 and 1000000 tokens; 0 remembers none`)
	}
	if c.HTTP != nil && (c.HTTP.Timeout.Std() <= 0 || c.HTTP.Timeout.Std() > maxTimeout) {
		wrong("http.timeout", `must be more than "0s" and at most "30s"`)
	}
	return problems
}

// CheckAge returns TokenExpired if a token that was issued then is too old for
// its use: at a login, more than LoginMaxAge, in whole seconds as tokens count.
// The clock skew is not added: it would only lengthen what the file says.
func (c Common) CheckAge(use Use, issuedAt, now time.Time) error {
	limit := c.LoginMaxAge.Std()
	if use != Login || limit == 0 || now.Truncate(time.Second).Sub(issuedAt) <= limit {
		return nil
	}
	return autherr.New(autherr.TokenExpired, "too_old")
}
