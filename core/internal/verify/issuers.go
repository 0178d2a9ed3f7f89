package verify

import (
	"errors"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
)

// issuersOf returns all iss that the rules accept.
func issuersOf(r provider.Rules) []string {
	return slices.Concat([]string{r.Issuer}, r.MoreIssuers, r.IssuerAliases)
}

// sharesIssuer reports whether a token could have an issuer of both rules.
func sharesIssuer(a, b provider.Rules) bool {
	return slices.ContainsFunc(issuersOf(a), func(issuer string) bool { return slices.Contains(issuersOf(b), issuer) })
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
