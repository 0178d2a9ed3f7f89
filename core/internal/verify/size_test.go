package verify_test

import (
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// Cases: T10.
func TestSet_TokenSizes(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	cotter := open(t, "cotter", driver{rules: accessRules(t, i, providertest.CotterIssuer)})
	other := open(t, "other", driver{rules: accessRules(t, i, "https://other.example")})
	sized := func(size int) string {
		fill := func(n int) string {
			return i.AccessToken("ada", providertest.Claim("groups", strings.Repeat("x", n)))
		}
		n := (size - len(fill(0))) * 3 / 4
		for len(fill(n)) > size {
			n--
		}
		return fill(n)
	}
	for name, set := range map[string]*verify.Set{"one provider": verify.NewSet(cotter), "two providers": verify.NewSet(other, cotter)} {
		for _, c := range []struct {
			size           int
			login, request bool
		}{
			{10_954, true, true}, {16 << 10, true, true}, {16<<10 + 3, true, false}, {32 << 10, true, false}, {32<<10 + 3, false, false},
		} {
			token := sized(c.size)
			_, _, err := set.Login(t.Context(), "cotter", provider.Tokens{AccessToken: token})
			if (err == nil) != c.login || !c.login && autherr.ReasonOf(err) != "too_large" {
				t.Errorf("%s, a login with %d bytes: %v", name, len(token), err)
			}
			_, err = set.Authenticate(t.Context(), token)
			if (err == nil) != c.request || !c.request && autherr.ReasonOf(err) != "too_large" {
				t.Errorf("%s, a request with %d bytes: %v", name, len(token), err)
			}
		}
	}
}
