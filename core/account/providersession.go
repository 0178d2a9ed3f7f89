package account

import (
	"context"

	"github.com/cotterpin/cotterpin/core/autherr"
)

// CheckProviderSession returns nil unless the provider has ended its session; see
// identity.Identity.ProviderSession. It returns nil for "".
//
// Errors by code: InvalidToken if the provider has ended it; TemporarilyUnavailable if
// the store failed.
func (r Registrar) CheckProviderSession(ctx context.Context, providerSession string) error {
	if providerSession == "" {
		return nil
	}
	ended, err := r.Store.IsRecorded(ctx, providerSession, r.Now())
	switch {
	case err != nil:
		return autherr.StoreFailed(err)
	case ended:
		return autherr.New(autherr.InvalidToken, "provider_session_ended")
	}
	return nil
}
