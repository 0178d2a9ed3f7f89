package session

import (
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Lookup finds a session. It is the public half of an opaque token, and never
// shown outside of it.
type Lookup [16]byte

// Record is a session at rest.
type Record struct {
	Lookup     Lookup
	SecretHash [32]byte // SHA-256 of the token's secret half, which is kept nowhere

	ID         string // public id, for lists and logs; random, tells nothing about Lookup
	UserID     identity.UserID
	IdentityID uuid.UUID

	Provider   string // name of the provider's block at login
	Issuer     string
	Subject    string
	AuthMethod string
	Transport  string         // what the token was issued for: "cookie" or "bearer"
	Claims     map[string]any // kept claims: strings, bools, json.Number, []string; nil if none

	CreatedAt       time.Time
	AuthenticatedAt time.Time // when the person proved to the provider who they are
	LastSeenAt      time.Time
	IdleExpiresAt   time.Time // zero: no idle limit. Never after ExpiresAt.
	ExpiresAt       time.Time

	RevokedAt    time.Time // zero: not revoked
	RevokeReason string

	UserAgent string // at login, cut to 255 bytes
	Address   string // of the caller at login
}

// Owner is what decides about a session beside the session itself.
type Owner struct {
	Disabled  bool
	NotBefore time.Time // a session created before it has ended
}

// Why the clock ends a session.
const (
	endedByAge      = "session_expired"
	endedByIdleness = "session_idle"
)

func byClock(why string) bool { return why == endedByAge || why == endedByIdleness }

// LiveAt reports whether a session with this record and owner may be used.
func (r Record) LiveAt(now time.Time, o Owner) bool { return r.EndedBy(now, o) == "" }

// EndedBy returns what ended a session with this record and owner, as a reason
// for the log; "" if it is live.
func (r Record) EndedBy(now time.Time, o Owner) string {
	switch {
	case !r.RevokedAt.IsZero() && byClock(r.RevokeReason):
		return r.RevokeReason
	case !r.RevokedAt.IsZero():
		return "session_revoked"
	case o.Disabled:
		return "account_disabled"
	case r.CreatedAt.Before(o.NotBefore):
		return "issued_before_revocation"
	case !now.Before(r.ExpiresAt):
		return endedByAge
	case !r.IdleExpiresAt.IsZero() && !now.Before(r.IdleExpiresAt):
		return endedByIdleness
	}
	return ""
}

func (r Record) view() View {
	return View{
		ID:            r.ID,
		Strategy:      config.StrategyOwn,
		Format:        "opaque",
		Provider:      r.Provider,
		AuthMethod:    r.AuthMethod,
		CreatedAt:     r.CreatedAt,
		ExpiresAt:     r.ExpiresAt,
		IdleExpiresAt: r.IdleExpiresAt,
	}
}

func (r Record) principal() identity.Principal {
	return identity.Principal{
		UserID:          r.UserID,
		Provider:        r.Provider,
		Issuer:          r.Issuer,
		Subject:         r.Subject,
		AuthMethod:      r.AuthMethod,
		SessionID:       r.ID,
		AuthenticatedAt: r.AuthenticatedAt,
		Claims:          identity.NewClaims(r.Claims),
	}
}
