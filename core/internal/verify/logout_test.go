package verify_test

import (
	"context"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/verify"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/core/token"
)

// logoutRules are the rules for ID tokens and logout tokens of i.
func logoutRules(t *testing.T, i *providertest.Issuer) provider.Rules {
	t.Helper()
	rules := idRules(t, i, i.URL())
	rules.IDToken.AudienceList = true
	rules.LogoutTokens = true
	return rules
}

func TestSet_LogoutValid(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	set := verify.NewSet(open(t, "corp", driver{rules: logoutRules(t, i)}))
	const event = "http://schemas.openid.net/event/backchannel-logout"
	now := i.Now().Unix()
	for name, edit := range map[string]providertest.Edit{
		"as it is":              func(*providertest.Token) {},
		"no typ":                providertest.Header("typ", nil),
		"typ JWT":               providertest.Header("typ", "JWT"),
		"typ with prefix":       providertest.Header("typ", "application/LOGOUT+jwt"),
		"claim typ of Keycloak": providertest.Claim("typ", "Logout"),
		"audience in a list":    providertest.Claim("aud", []string{"another", providertest.Audience}),
		"expired within skew":   providertest.Claim("exp", now-10),
		"further events":        providertest.Claim("events", map[string]any{event: map[string]any{"a": 1}, "https://example.com/event": true}),
		"further claims":        providertest.Claim("trace_id", "t"),
	} {
		got, err := set.Logout(t.Context(), "corp", i.LogoutToken("ada", "s", edit))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Issuer != i.URL() || got.Subject != providertest.SubjectOf("ada") || got.Session != "s" || got.ID == "" {
			t.Errorf("%s: got %+v, want the claims of the token", name, got)
		}
	}
}

// The record of a logout token must not expire before the token does.
func TestSet_LogoutExpiry(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	now := time.Now().Truncate(time.Second)
	set := verify.NewSet(openAt(t, "corp", driver{rules: logoutRules(t, i)}, func() time.Time { return now }))
	raw := i.LogoutToken("ada", "")
	got, err := set.Logout(t.Context(), "corp", raw)
	if err != nil {
		t.Fatal(err)
	}
	now = got.ExpiresAt.Add(-time.Nanosecond)
	if _, err := set.Logout(t.Context(), "corp", raw); err != nil {
		t.Errorf("just before ExpiresAt: %v", err)
	}
	now = got.ExpiresAt
	_, err = set.Logout(t.Context(), "corp", raw)
	want(t, "at ExpiresAt", err, autherr.InvalidRequest, "expired")
}

func TestSet_LogoutName(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	rules := logoutRules(t, i)
	rules.LogoutTokens = false
	rules.Issuer = "https://id.example.org"
	set := verify.NewSet(open(t, "corp", driver{rules: logoutRules(t, i)}), open(t, "plain", driver{rules: rules}))
	for name, code := range map[string]autherr.Code{"corp": "", "Corp": autherr.NotFound, "": autherr.NotFound, "plain": autherr.NotFound} {
		if _, err := set.Logout(t.Context(), name, i.LogoutToken("ada", "")); autherr.CodeOf(err) != code {
			t.Errorf("provider %q: got %v, want code %q", name, err, code)
		}
	}
}

// The subject of a logout token is in the claim that contains it in ID tokens.
func TestSet_LogoutSubjectClaim(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	rules := logoutRules(t, i)
	rules.SubjectClaim = "/oid"
	set := verify.NewSet(open(t, "corp", driver{rules: rules}))
	got, err := set.Logout(t.Context(), "corp", i.LogoutToken("ada", "", providertest.Claim("oid", "o-1")))
	if err != nil || got.Subject != "o-1" {
		t.Errorf("got subject %q and %v, want that of the claim oid", got.Subject, err)
	}
	_, err = set.Logout(t.Context(), "corp", i.LogoutToken("ada", ""))
	want(t, "sub alone", err, autherr.InvalidRequest, "neither_sid_nor_subject")
	if got, err = set.Logout(t.Context(), "corp", i.LogoutToken("ada", "s")); err != nil || got.Subject != "" || got.Session != "s" {
		t.Errorf("sub and sid: got %+v and %v, want the sid alone", got, err)
	}
}

func TestSet_LogoutKeysUnavailable(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	rules := logoutRules(t, i)
	rules.Keys.KeySet = unavailable{}
	set := verify.NewSet(open(t, "corp", driver{rules: rules}))
	_, err := set.Logout(t.Context(), "corp", i.LogoutToken("ada", ""))
	want(t, "no keys", err, autherr.TemporarilyUnavailable, "keys_unavailable")
}

func TestOpen_LogoutTokensWithoutAudience(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	rules := accessRules(t, i, i.URL())
	if _, err := tryOpen(t, "corp", driver{rules: rules}, time.Now); err != nil {
		t.Fatal(err)
	}
	rules.LogoutTokens = true
	if _, err := tryOpen(t, "corp", driver{rules: rules}, time.Now); err == nil {
		t.Error("rules with logout tokens and without ID tokens are accepted")
	}
}

// Marks of different sessions and messages differ, and those of none are empty.
func TestMarks_Distinct(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, mark := range map[string]string{
		"session":        verify.SessionMark("https://id.example.com", "a"),
		"message":        verify.MessageMark("https://id.example.com", "a"),
		"other sid":      verify.SessionMark("https://id.example.com", "A"),
		"other issuer":   verify.SessionMark("https://id.example.com/", "a"),
		"sid with break": verify.SessionMark("https://id.example.com", "a\na"),
	} {
		if mark == "" || len(mark) > 64 {
			t.Errorf("%s: mark %q", name, mark)
		}
		seen[mark] = name
	}
	if len(seen) != 5 {
		t.Errorf("different marks are those of %v alone", seen)
	}
	if verify.SessionMark("https://id.example.com", "") != "" || verify.MessageMark("https://id.example.com", "") != "" {
		t.Error("an empty id has a mark")
	}
}

// unavailable is a key set whose keys cannot be fetched.
type unavailable struct{}

func (unavailable) Key(context.Context, token.KeyQuery) (token.Key, error) {
	return token.Key{}, autherr.New(autherr.TemporarilyUnavailable, "keys_unavailable")
}
