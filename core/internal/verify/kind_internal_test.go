package verify

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/token"
)

// Cases: T01, T02, T03, T05.
func TestCheckKind_Claims(t *testing.T) {
	t.Parallel()
	untyped := provider.TokenRules{Types: []string{"JWT", ""}}
	typed := provider.TokenRules{Types: []string{"at+jwt"}}
	for claims, want := range map[string]struct{ id, untyped, typed bool }{
		`{"sub":"ada"}`:                          {true, true, true},
		`{"typ":"ID"}`:                           {true, false, false},
		`{"typ":"Bearer"}`:                       {false, true, true},
		`{"typ":"Refresh"}`:                      {false, false, false},
		`{"typ":7}`:                              {false, false, false},
		`{"token_use":"id"}`:                     {true, false, false},
		`{"token_use":"access"}`:                 {false, true, true},
		`{"events":{}}`:                          {false, false, false},
		`{"scp":"read"}`:                         {false, true, true},
		`{"cid":"web"}`:                          {false, true, true},
		`{"gty":"password"}`:                     {false, true, true},
		`{"idtyp":"app"}`:                        {false, true, true},
		`{"idtyp":"user"}`:                       {true, true, true},
		`{"cnf":{"jkt":"x"}}`:                    {false, false, false},
		`{"nonce":"n"}`:                          {true, false, true},
		`{"at_hash":"h"}`:                        {true, false, true},
		`{"c_hash":"h"}`:                         {true, false, true},
		`{"typ":"Bearer","token_use":"access"}`:  {false, true, true},
		`{"typ":"ID","token_use":"id","x":true}`: {true, false, false},
	} {
		c, err := token.ParseClaims([]byte(claims))
		if err != nil {
			t.Fatal(err)
		}
		for _, rules := range []struct {
			kind  provider.TokenKind
			rules provider.TokenRules
			want  bool
		}{
			{provider.IDToken, untyped, want.id},
			{provider.AccessToken, untyped, want.untyped},
			{provider.AccessToken, typed, want.typed},
		} {
			err := checkKind(rules.kind, rules.rules)(c)
			if (err == nil) != rules.want || err != nil && autherr.CodeOf(err) != autherr.InvalidToken {
				t.Errorf("%s as kind %d of types %q: got %v, want accepted %t", claims, rules.kind, rules.rules.Types, err, rules.want)
			}
		}
	}
}
