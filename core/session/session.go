package session

import (
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
)

// Lookup is the key of a session. It is the first half of an opaque token, and
// appears nowhere else.
type Lookup [16]byte

// Session is an own session as it is stored.
type Session struct {
	Lookup     Lookup
	SecretHash [32]byte // SHA-256 of the token's second half, which is not stored

	// The refresh token of a session in format "jwt"; zero for an opaque session.
	// Lookup and SecretHash are then those of the current refresh token. An
	// exchange keeps Lookup.
	Generation   int       // number of exchanges
	PreviousHash [32]byte  // SecretHash before the last exchange; zero: none
	RefreshedAt  time.Time // time of the last exchange; zero: none

	ID         string // public id, for lists and logs; random and independent of Lookup
	UserID     identity.UserID
	IdentityID uuid.UUID

	Provider   string // name of the provider's block at login
	Issuer     string
	Subject    string
	AuthMethod string
	Transport  string          // config.TransportCookie or config.TransportBearer: what the token was issued for
	Claims     identity.Claims // kept claims; stored as their JSON, read by UnmarshalJSON

	CreatedAt       time.Time
	AuthenticatedAt time.Time // when the user authenticated at the provider
	LastSeenAt      time.Time
	IdleExpiresAt   time.Time // zero: no idle limit. Never after ExpiresAt.
	ExpiresAt       time.Time

	RevokedAt    time.Time // zero: not revoked
	RevokeReason string

	// ProviderSession is that of the identity that signed in; see
	// [identity.Identity.ProviderSession]. No method of [Store] reads it.
	ProviderSession string

	UserAgent string // at login, cut to 255 bytes
	Address   string // of the caller at login

	// The state of the user, which belongs to the user's record. [Store.Find]
	// sets it; it is not stored with the session.
	ExternalID    string // the application's own id; "" if the user has none
	UserDisabled  bool
	UserNotBefore time.Time // a session created earlier is revoked
}

// The reasons of a session that expired.
const (
	reasonExpired = "session_expired"
	reasonIdle    = "session_idle"
)

func isExpiry(reason string) bool { return reason == reasonExpired || reason == reasonIdle }

// ActiveAt reports whether the session may be used at that time.
func (s Session) ActiveAt(now time.Time) bool { return s.inactiveReason(now) == "" }

// inactiveReason returns why the session may not be used, as a reason for the
// log; "" if it is active.
func (s Session) inactiveReason(now time.Time) string {
	switch {
	case !s.RevokedAt.IsZero() && isExpiry(s.RevokeReason):
		return s.RevokeReason
	case !s.RevokedAt.IsZero():
		return "session_revoked"
	case s.UserDisabled:
		return "account_disabled"
	case s.CreatedAt.Before(s.UserNotBefore):
		return "issued_before_revocation"
	case !now.Before(s.ExpiresAt):
		return reasonExpired
	case !s.IdleExpiresAt.IsZero() && !now.Before(s.IdleExpiresAt):
		return reasonIdle
	}
	return ""
}

// Principal returns the caller that the session recognizes.
func (s Session) Principal() identity.Principal {
	return identity.Principal{
		Kind:            identity.KindUser,
		UserID:          s.UserID,
		ExternalID:      s.ExternalID,
		Provider:        s.Provider,
		Issuer:          s.Issuer,
		Subject:         s.Subject,
		AuthMethod:      s.AuthMethod,
		SessionID:       s.ID,
		AuthenticatedAt: s.AuthenticatedAt,
		Claims:          s.Claims,
	}
}

// View is a session as its user may see it. Its JSON has the member names of
// the HTTP interface.
type View struct {
	ID            string    `json:"id"`       // public id; "" for a provider's token
	Strategy      string    `json:"strategy"` // config.StrategyOwn or config.StrategyProviderToken
	Format        string    `json:"format"`   // "opaque", or "jwt" for a provider's token
	Provider      string    `json:"provider"`
	AuthMethod    string    `json:"auth_method"`
	CreatedAt     time.Time `json:"created_at"`
	ExpiresAt     time.Time `json:"expires_at"`
	IdleExpiresAt time.Time `json:"idle_expires_at,omitzero"` // zero: no idle limit

	LastSeenAt time.Time `json:"last_seen_at,omitzero"` // zero for a provider's token

	Current   bool   `json:"current"`    // it is the session of the caller; set in lists only
	UserAgent string `json:"user_agent"` // at login; read for lists only
	Address   string `json:"address"`    // at login; read for lists only
}

// View returns the session as its user may see it.
func (s Session) View() View {
	return View{
		ID:            s.ID,
		Strategy:      config.StrategyOwn,
		Format:        "opaque",
		Provider:      s.Provider,
		AuthMethod:    s.AuthMethod,
		CreatedAt:     s.CreatedAt,
		ExpiresAt:     s.ExpiresAt,
		IdleExpiresAt: s.IdleExpiresAt,
		LastSeenAt:    s.LastSeenAt,
		UserAgent:     s.UserAgent,
		Address:       s.Address,
	}
}

// tokenView returns a provider's token as a session.
func tokenView(id identity.Identity) View {
	return View{
		Strategy:   config.StrategyProviderToken,
		Format:     "jwt",
		Provider:   id.Provider,
		AuthMethod: id.AuthMethod,
		CreatedAt:  id.IssuedAt,
		ExpiresAt:  id.ExpiresAt,
	}
}
