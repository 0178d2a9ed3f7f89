package accounttest

import (
	"errors"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
)

// lookalikes are keys that some collation treats as equal: each pair is two
// users.
var lookalikes = map[string][2]identity.Key{
	"Case":             {key("abc"), key("ABC")},
	"TrailingSpace":    {key("u1"), key("u1 ")},
	"LeadingSpace":     {key("u1"), key(" u1")},
	"Accent":           {key("e"), key("é")},
	"Composition":      {key("\u00e9"), key("e\u0301")},
	"ZeroWidthJoiner":  {key("ab"), key("a\u200db")},
	"SharpS":           {key("ss"), key("ß")},
	"FullWidth":        {key("a"), key("ａ")},
	"KelvinSign":       {key("k"), key("\u212a")},
	"Emoji":            {key("😀"), key("😈")},
	"Digits":           {key("1"), key("01")},
	"LongTail":         {key(strings.Repeat("a", 255)), key(strings.Repeat("a", 254) + "b")},
	"Issuer":           {key("ada"), {Issuer: "https://other.example", Subject: "ada"}},
	"IssuerCase":       {key("ada"), {Issuer: "https://ISSUER.example", Subject: "ada"}},
	"IssuerSlash":      {key("ada"), {Issuer: "https://issuer.example/", Subject: "ada"}},
	"IssuerAndSubject": {{Issuer: "ab", Subject: "c"}, {Issuer: "a", Subject: "bc"}},
}

func testKeys(t *testing.T, open func(t *testing.T) account.Store) {
	t.Parallel()

	t.Run("Lookalikes", func(t *testing.T) {
		t.Parallel()
		for name, pair := range lookalikes {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				store := open(t)
				one, other := newUser(pair[0]), newUser(pair[1])
				if err := Register(t.Context(), store, one, nil); err != nil {
					t.Fatalf("Register %q: %v", one.Key, err)
				}
				if _, err := store.Find(t.Context(), other.Key); !errors.Is(err, account.ErrNotFound) {
					t.Fatalf("Find %q next to %q: got %v, want ErrNotFound", other.Key, one.Key, err)
				}
				if err := Register(t.Context(), store, other, nil); err != nil {
					t.Fatalf("Register %q next to %q: %v", other.Key, one.Key, err)
				}
				wantFound(t, store, one)
				wantFound(t, store, other)
			})
		}
	})

	t.Run("MaliciousStrings", func(t *testing.T) {
		t.Parallel()
		for name, value := range malicious {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				store := open(t)
				bystander := register(t, store, "bystander")
				user := newUser(identity.Key{Issuer: value, Subject: value})
				user.Provider, user.Identifier, user.Email, user.Phone = value, value, value, value
				if err := Register(t.Context(), store, user, nil); err != nil {
					t.Fatalf("Register: %v", err)
				}
				wantFound(t, store, user)
				wantFound(t, store, bystander)
			})
		}
	})
}
