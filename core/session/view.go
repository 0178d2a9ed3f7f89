package session

import (
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
)

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
