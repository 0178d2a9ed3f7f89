package providertest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/core/token"
)

// faultVariable names the environment variable that makes the process run the
// suite over a driver with that fault.
const faultVariable = "PROVIDERTEST_FAULT"

// fault changes a sound driver, so that the named part of the suite must fail.
type fault struct {
	rules    func(*provider.Rules)
	identify func(identity.Identity, provider.Verified) (identity.Identity, error)
	fails    string
}

// faults are drivers that are wrong in one way.
var faults = map[string]fault{
	"none":          {},
	"trusts itself": {rules: func(r *provider.Rules) { r.DefaultTrust = []string{"email"} }, fails: "Trust"},
	"never verifies the email": {fails: "Trust", identify: change(func(id *identity.Identity) {
		id.Email.Verification = identity.Unverified
	})},
	"wrong email":         {identify: change(func(id *identity.Identity) { id.Email.Value = ada }), fails: "Valid"},
	"no email":            {identify: change(func(id *identity.Identity) { id.Email = identity.Contact{} }), fails: "Valid"},
	"constant issuer":     {identify: change(func(id *identity.Identity) { id.Issuer = "https://id.example.com" }), fails: "Valid"},
	"constant subject":    {identify: change(func(id *identity.Identity) { id.Subject = providertest.SubjectOf(ada) }), fails: "ConcurrentUse"},
	"empty subject":       {identify: change(func(id *identity.Identity) { id.Subject = "" }), fails: "Valid"},
	"subject with spaces": {identify: change(func(id *identity.Identity) { id.Subject += " " }), fails: "Valid"},
	"subject beyond ASCII": {identify: change(func(id *identity.Identity) {
		id.Subject += "é"
	}), fails: "Valid"},
	"bad email": {identify: change(func(id *identity.Identity) { id.Email.Value += "\r\n" }), fails: "Valid"},
	"unchecked email": {identify: func(id identity.Identity, v provider.Verified) (identity.Identity, error) {
		id.Email.Value, _ = v.AccessToken.String("email")
		return id, nil
	}, fails: "MalformedClaims"},
	"unchecked method": {identify: func(id identity.Identity, v provider.Verified) (identity.Identity, error) {
		id.AuthMethod, _ = v.AccessToken.String("authentication_method")
		return id, nil
	}, fails: "MalformedClaims"},
	"error without code": {identify: func(id identity.Identity, _ provider.Verified) (identity.Identity, error) {
		if id.Email.Value == "" {
			return identity.Identity{}, context.Canceled
		}
		return id, nil
	}, fails: "MalformedClaims"},
	"rejects everything": {identify: func(identity.Identity, provider.Verified) (identity.Identity, error) {
		return identity.Identity{}, autherr.New(autherr.InvalidToken, "no")
	}, fails: "Valid"},
	"kid not required":   {rules: func(r *provider.Rules) { r.KeyIDRequired = false }, fails: "KeyID"},
	"another audience":   {rules: func(r *provider.Rules) { r.AccessToken.Audience = append(r.AccessToken.Audience, otherAudience) }, fails: "Invalid"},
	"another kind":       {rules: func(r *provider.Rules) { r.AccessToken, r.IDToken = nil, r.AccessToken }, fails: "Valid"},
	"any kid":            {rules: keys(ignoreKeyID), fails: "Invalid"},
	"outage as invalid":  {rules: keys(recode(autherr.TemporarilyUnavailable, autherr.InvalidToken)), fails: "KeysUnavailable"},
	"invalid as outage":  {rules: keys(recode(autherr.InvalidToken, autherr.TemporarilyUnavailable)), fails: "Invalid"},
	"keys never dropped": {rules: keys(keepForever), fails: "KeyRotation"},
}

const (
	ada           = "ada@example.com"
	otherAudience = "c0ffee00-0c52-4f52-9a3e-7d8f0a1b2c3d"
)

// change returns an Identify that changes a sound identity.
func change(edit func(*identity.Identity)) func(identity.Identity, provider.Verified) (identity.Identity, error) {
	return func(id identity.Identity, _ provider.Verified) (identity.Identity, error) {
		edit(&id)
		return id, nil
	}
}

// keySet is a key set made of a function.
type keySet func(ctx context.Context, q token.KeyQuery) (token.Key, error)

func (f keySet) Key(ctx context.Context, q token.KeyQuery) (token.Key, error) { return f(ctx, q) }

// keys returns a change of the rules that replaces the key set.
func keys(wrap func(token.KeySet) keySet) func(*provider.Rules) {
	return func(r *provider.Rules) { r.Keys.KeySet = wrap(r.Keys.KeySet) }
}

func ignoreKeyID(sound token.KeySet) keySet {
	return func(ctx context.Context, q token.KeyQuery) (token.Key, error) {
		q.ID = ""
		return sound.Key(ctx, q)
	}
}

func recode(from, to autherr.Code) func(token.KeySet) keySet {
	return func(sound token.KeySet) keySet {
		return func(ctx context.Context, q token.KeyQuery) (token.Key, error) {
			key, err := sound.Key(ctx, q)
			if err != nil && autherr.CodeOf(err) == from {
				return key, autherr.New(to, "recoded")
			}
			return key, err
		}
	}
}

func keepForever(sound token.KeySet) keySet {
	var kept sync.Map // kid to key
	return func(ctx context.Context, q token.KeyQuery) (token.Key, error) {
		if key, ok := kept.Load(q.ID); ok {
			return key.(token.Key), nil
		}
		key, err := sound.Key(ctx, q)
		if err == nil {
			kept.Store(q.ID, key)
		}
		return key, err
	}
}

type settings struct{ URL string }

// newType returns the type of a driver with that fault.
func newType(f fault) provider.Type {
	return provider.Define(provider.Definition[settings]{
		Type: "example",
		Open: func(_ context.Context, s settings, env provider.Env) (provider.Driver, error) {
			keys, err := env.RemoteKeys(s.URL + providertest.OIDCKeysPath)
			return driver{s, keys, f}, err
		},
	})
}

// driver is correct except for its fault.
type driver struct {
	settings settings
	keys     provider.Keys
	fault    fault
}

func (d driver) Rules() provider.Rules {
	rules := provider.Rules{
		Issuer:        d.settings.URL,
		AccessToken:   &provider.TokenRules{Audience: []string{providertest.Audience}, Login: true},
		Algorithms:    []string{"ES256"},
		Keys:          d.keys,
		KeyIDRequired: true,
	}
	if d.fault.rules != nil {
		d.fault.rules(&rules)
	}
	return rules
}

func (d driver) Identify(v provider.Verified) (identity.Identity, error) {
	c := v.AccessToken
	id := identity.Identity{Key: identity.Key{Issuer: c.Issuer, Subject: c.Subject}}
	if email, _ := c.String("email"); identity.IsEmail(email) {
		id.Email = identity.Contact{Value: email, Verification: identity.Verified}
	}
	if d.fault.identify != nil {
		return d.fault.identify(id, v)
	}
	return id, nil
}

func TestRun_Faults(t *testing.T) {
	t.Parallel()
	if os.Getenv(faultVariable) != "" {
		return // this process is one of those below
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRun_Sound$")
			command.Env = append(os.Environ(), faultVariable+"="+name)
			output, err := command.CombinedOutput()
			if failed := err != nil; failed != (f.fails != "") {
				t.Fatalf("the suite failed: %t\n%s", failed, output)
			}
			if f.fails != "" && !strings.Contains(string(output), "--- FAIL: TestRun_Sound/"+f.fails) {
				t.Errorf("the part %s did not fail:\n%s", f.fails, output)
			}
		})
	}
}

// TestRun_Sound runs the suite over a driver that is sound, or that has the fault
// which the environment names.
func TestRun_Sound(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Subject{
		Type:     newType(faults[os.Getenv(faultVariable)]),
		Settings: func(i *providertest.Issuer) any { return &settings{URL: i.URL()} },
		Mint: func(i *providertest.Issuer, email string, edits ...providertest.Edit) provider.Tokens {
			return provider.Tokens{AccessToken: i.OIDCToken(email, edits...)}
		},
	})
}
