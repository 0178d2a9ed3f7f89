package core_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// fakePlanner is a planner with given contents.
type fakePlanner struct {
	changes    database.Changes
	identities []identity.User
	err        error

	applied, closed int
}

func (p *fakePlanner) Changes(context.Context) (database.Changes, error) { return p.changes, p.err }

func (p *fakePlanner) Identities(context.Context) iter.Seq2[identity.User, error] {
	return func(yield func(identity.User, error) bool) {
		for _, i := range p.identities {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func (p *fakePlanner) Apply(context.Context) error {
	p.applied++
	return p.err
}

func (p *fakePlanner) Close() error {
	p.closed++
	return nil
}

// instance returns a database that can be planned and not opened.
func (p *fakePlanner) instance() *database.Instance {
	t := database.Define(database.Definition[struct{}]{
		Type: "fake",
		Open: func(context.Context, struct{}, database.Env) (database.Database, error) {
			return nil, errors.New("a plan opens the database")
		},
		Plan: func(context.Context, struct{}, database.Env) (database.Planner, error) { return p, nil },
	})
	return &database.Instance{Type: t, Settings: t.NewSettings()}
}

const (
	newIssuer   = "https://new.example"
	otherIssuer = "https://other.example"
)

// planSettings has a draining block "cotter", the active blocks "new" and "other",
// and a disabled one; "new" trusts both contacts, "other" none.
func planSettings(db *database.Instance, linkOn ...string) core.Settings {
	block := func(name, issuer string, options ...provider.Option) provider.Instance {
		return oidc.Provider(name, oidc.Settings{Issuer: issuer, Audience: []string{"app"}}, options...)
	}
	both := func(c *provider.Common) { c.Trust = []string{"email", "phone"} }
	s := core.Settings{
		Providers: []provider.Instance{
			block("cotter", providertest.CotterIssuer, both, func(c *provider.Common) { c.State = config.StateDraining }),
			block("new", newIssuer, both),
			block("other", otherIssuer),
			block("off", "https://off.example", both, func(c *provider.Common) { c.State = config.StateDisabled }),
		},
		Own:      &config.OwnSession{},
		Database: db,
	}
	s.Auth.BaseURL = "https://api.example.com"
	s.Users.LinkOn = linkOn
	return s
}

// owner returns an identity of the user n, verified if the email is in lower case.
func owner(n byte, provider, issuer, email string) identity.User {
	return identity.User{
		ID: uuid.UUID{15: n}, Provider: provider, Key: identity.Key{Issuer: issuer, Subject: "subject"},
		Email: email, EmailVerified: email != "" && email == strings.ToLower(email),
	}
}

func TestSettings_PlanCensus(t *testing.T) {
	t.Parallel()
	draining := func(n byte, email string) identity.User { return owner(n, "cotter", providertest.CotterIssuer, email) }
	phone := func(n byte, number string) identity.User {
		i := draining(n, "")
		i.Phone, i.PhoneVerified = number, true
		return i
	}
	disabled := draining(1, ada)
	disabled.Disabled = true
	emails := []string{"email"}
	for name, c := range map[string]struct {
		linkOn     []string
		identities []identity.User
		want       [3]int // of the draining block: elsewhere, linkable, stranded
	}{
		"none":                        {emails, nil, [3]int{}},
		"verified":                    {emails, []identity.User{draining(1, ada)}, [3]int{0, 1, 0}},
		"no link_on":                  {nil, []identity.User{draining(1, ada)}, [3]int{0, 0, 1}},
		"link_on phone":               {[]string{"phone"}, []identity.User{draining(1, ada)}, [3]int{0, 0, 1}},
		"not verified":                {emails, []identity.User{draining(1, "Ada@example.com")}, [3]int{0, 0, 1}},
		"no email":                    {emails, []identity.User{draining(1, "")}, [3]int{0, 0, 1}},
		"disabled user":               {emails, []identity.User{disabled}, [3]int{0, 0, 1}},
		"two users":                   {emails, []identity.User{draining(1, ada), draining(2, ada)}, [3]int{0, 0, 2}},
		"two addresses":               {emails, []identity.User{draining(1, ada), draining(2, bob)}, [3]int{0, 2, 0}},
		"planted":                     {emails, []identity.User{draining(1, ada), owner(1, "gone", "https://gone.example", "EVE@example.com")}, [3]int{0, 0, 1}},
		"planted makes ambiguous":     {emails, []identity.User{draining(1, ada), owner(1, "gone", "https://gone.example", "EVE@example.com"), draining(2, ada)}, [3]int{0, 0, 2}},
		"same in another case":        {emails, []identity.User{draining(1, ada), owner(1, "gone", "https://gone.example", "ADA@example.com")}, [3]int{0, 1, 0}},
		"at the new block":            {emails, []identity.User{draining(1, ada), owner(1, "new", newIssuer, ada)}, [3]int{1, 0, 0}},
		"at the untrusted block":      {emails, []identity.User{draining(1, bob), owner(1, "other", otherIssuer, ada)}, [3]int{1, 0, 0}},
		"other user at the new block": {emails, []identity.User{draining(1, ada), owner(2, "new", newIssuer, ada)}, [3]int{0, 1, 0}},
		"at a disabled block":         {emails, []identity.User{draining(1, ada), owner(1, "off", "https://off.example", "")}, [3]int{0, 1, 0}},
		"phone":                       {[]string{"phone"}, []identity.User{phone(1, "+12025550100")}, [3]int{0, 1, 0}},
		"two phones":                  {[]string{"phone"}, []identity.User{phone(1, "+12025550100"), phone(1, "+12025550101")}, [3]int{0, 0, 2}},
		"either":                      {[]string{"email", "phone"}, []identity.User{phone(1, "+12025550100"), draining(2, ada)}, [3]int{0, 2, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &fakePlanner{identities: c.identities}
			plan, err := planSettings(p.instance(), c.linkOn...).Plan(t.Context())
			if err != nil || p.closed != 1 || p.applied != 0 {
				t.Fatalf("%v, closed %d times, applied %d times", err, p.closed, p.applied)
			}
			got, total := core.IdentityCount{}, 0
			for _, count := range plan.Identities {
				if count.Block == "cotter" {
					got = count
				}
				total += count.Identities
				if count.State != config.StateActive && count.Elsewhere+count.Linkable+count.Stranded != count.Identities {
					t.Errorf("%+v does not add up", count)
				}
			}
			if total != len(c.identities) || [3]int{got.Elsewhere, got.Linkable, got.Stranded} != c.want {
				t.Errorf("got %+v, want %v", plan.Identities, c.want)
			}
		})
	}
}

func TestSettings_PlanBlocks(t *testing.T) {
	t.Parallel()
	p := &fakePlanner{identities: []identity.User{
		owner(1, "gone", "https://gone.example", ada),
		owner(2, "renamed", newIssuer, bob),
		owner(3, "cotter", providertest.CotterIssuer, ""),
		owner(4, "off", "https://off.example", "carol@example.com"),
		owner(5, "cotter", providertest.CotterIssuer, ""),
	}}
	plan, err := planSettings(p.instance(), "email").Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []core.IdentityCount{
		{Provider: "cotter", Issuer: providertest.CotterIssuer, Block: "cotter", State: "draining", Identities: 2, Stranded: 2},
		{Provider: "gone", Issuer: "https://gone.example", Identities: 1, Stranded: 1},
		{Provider: "off", Issuer: "https://off.example", Block: "off", State: "disabled", Identities: 1, Stranded: 1},
		{Provider: "renamed", Issuer: newIssuer, Block: "new", State: "active", Identities: 1},
	}
	if !slices.Equal(plan.Identities, want) {
		t.Errorf("got %+v, want %+v", plan.Identities, want)
	}
}

func TestSettings_PlanAndApplyErrors(t *testing.T) {
	t.Parallel()
	p := &fakePlanner{err: errors.New("no such table")}
	s := planSettings(p.instance())
	if _, err := s.Plan(t.Context()); err == nil || !strings.Contains(err.Error(), "Database cannot be used") || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("plan: %v", err)
	}
	if err := s.Apply(t.Context()); err == nil || !strings.Contains(err.Error(), "no such table") || p.applied != 1 || p.closed != 2 {
		t.Errorf("apply: %v, closed %d times", err, p.closed)
	}
	unplannable := database.Existing(nil)
	if _, err := planSettings(unplannable).Plan(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a type without a plan: %v", err)
	}
	invalid := s
	invalid.Auth.BaseURL = ""
	for name, err := range map[string]error{"plan": func() error { _, err := invalid.Plan(t.Context()); return err }(), "apply": invalid.Apply(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "base_url") {
			t.Errorf("%s of invalid settings: %v", name, err)
		}
	}
}

func TestSettings_PlanWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := planSettings(nil)
	providerToken(func(p *config.ProviderTokenSession) { p.User = config.UserNone })(&s)
	plan, err := s.Plan(t.Context())
	if err != nil || plan.Any() || plan.Database != "" {
		t.Errorf("got %+v, %v", plan, err)
	}
	if err := s.Apply(t.Context()); err != nil {
		t.Error(err)
	}
}
