package endpoint

import (
	"context"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/core/settings"
)

// Sessions lists, ends and renews users' sessions.
type Sessions struct {
	*session.Directory
	endpoints *Endpoints
}

// Sessions returns what lists, ends and renews sessions; nil where there are
// no users.
func (e *Endpoints) Sessions() *Sessions {
	if e.Directory == nil {
		return nil
	}
	return &Sessions{Directory: e.Directory, endpoints: e}
}

// Renewed is the new token of a session. The application sends one of the two.
type Renewed struct {
	SetCookie string // value of a Set-Cookie line; "" where the session travels as bearer
	Token     string // "" where the session travels in a cookie
}

// Renew gives the session of the caller in ctx a new token, as is due when
// somebody gains privileges (OWASP ASVS 5.0, 7.2.4). The old token is dead at
// once; public id, ends and time of authentication stay.
//
// Errors by code: Unauthenticated if no guard recognised a caller; NotFound
// where sessions are the provider's tokens; InvalidToken if the session has
// ended meanwhile; TemporarilyUnavailable.
func (s *Sessions) Renew(ctx context.Context) (Renewed, error) {
	c, _ := ctx.Value(callerKey{}).(*caller)
	if c == nil {
		return Renewed{}, autherr.New(autherr.Unauthenticated, "no_caller")
	}
	own, ok := s.endpoints.Strategy.(*session.Own)
	if !ok {
		return Renewed{}, autherr.New(autherr.NotFound, "no_own_sessions")
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	issued, err := own.Renew(ctx, c.presented)
	if err != nil {
		return Renewed{}, err
	}
	if c.presented.Transport == settings.Bearer {
		return Renewed{Token: issued.Token}, nil
	}
	return Renewed{SetCookie: s.endpoints.Cookie.Set(issued.Token, s.endpoints.untilEnd(issued.Session))}, nil
}
