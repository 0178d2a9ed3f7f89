package verify

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
)

// keysOf returns the accepted iss, each with its keys.
func keysOf(r provider.Rules) map[string]provider.Keys {
	all := map[string]provider.Keys{}
	maps.Copy(all, r.MoreIssuers)
	for _, issuer := range append([]string{r.Issuer}, r.IssuerAliases...) {
		all[issuer] = r.Keys
	}
	return all
}

// issuersOf returns the accepted iss.
func issuersOf(r provider.Rules) []string { return slices.Sorted(maps.Keys(keysOf(r))) }

// sharedIssuers returns the iss that both rules accept.
func sharedIssuers(a, b provider.Rules) []string {
	return slices.DeleteFunc(issuersOf(a), func(issuer string) bool { return !slices.Contains(issuersOf(b), issuer) })
}

// checkIssuers returns an error for issuers that no rules may have. baseURL is the
// issuer of the application's own tokens.
func checkIssuers(r provider.Rules, baseURL string) error {
	for _, issuer := range issuersOf(r) {
		if !identity.IsIssuer(issuer) {
			return errors.New("its issuer must be 1 to 255 visible ASCII characters")
		}
		if strings.EqualFold(strings.TrimSuffix(issuer, "/"), baseURL) {
			return errors.New("its issuer is base_url, which is the issuer of the application's own tokens: " +
				"name the provider's issuer, or the application's origin in base_url")
		}
	}
	return nil
}

// Ready returns nil once an issuer has keys: its users can then sign in. It starts
// the first fetch of the keys of each, and waits as long as ctx allows.
func (p *Provider) Ready(ctx context.Context) error {
	keys := keysOf(p.rules)
	results := make(chan error, len(keys))
	for _, k := range keys {
		go func() { results <- checkKeys(ctx, k) }()
	}
	var failed []error
	for range keys {
		err := <-results
		if err == nil {
			return nil
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

func checkKeys(ctx context.Context, k provider.Keys) error {
	remote, ok := k.KeySet.(interface {
		Check(ctx context.Context) error
	})
	if !ok {
		return nil
	}
	return remote.Check(ctx)
}
