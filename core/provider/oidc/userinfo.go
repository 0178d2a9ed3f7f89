package oidc

import (
	"context"
	"errors"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/token"
)

// userInfo implements provider.Rules.UserInfo with the endpoint that the discovery
// document names. A token has been verified before, so the document was fetched.
func (d *driver) userInfo(ctx context.Context, issuer, accessToken string) (token.Claims, error) {
	latest := d.sources[issuer].discovery.latest.Load()
	if latest.userInfo == "" {
		return token.Claims{}, autherr.Wrap(autherr.TemporarilyUnavailable, "userinfo_failed",
			errors.New("oidc: the discovery document has no userinfo_endpoint: remove the argument userinfo"))
	}
	return d.env.UserInfo(ctx, latest.userInfo, accessToken)
}
