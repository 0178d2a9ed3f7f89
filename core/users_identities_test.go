package core_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// TestUsers_Create creates a user with an identity before its first login.
//
// Cases: A18.
func TestUsers_Create(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	subject := providertest.SubjectOf(ada)
	n := core.NewUser{ExternalID: "7", Identities: []core.NewIdentity{
		{Provider: "cotter", Subject: subject, Identifier: ada, Email: ada, EmailVerified: true},
		{Provider: "corp", Subject: "another", Phone: "+12025550100"},
	}}
	user, err := h.kit.Users().Create(t.Context(), n)
	if err != nil || user.ID.Version() != 7 || user.ExternalID != "7" || !user.CreatedAt.Equal(h.clock.Now()) || !user.LastLoginAt.IsZero() {
		t.Fatalf("created %+v, %v", user, err)
	}
	identities, err := h.kit.Users().Identities(t.Context(), user.ID)
	if err != nil || len(identities) != 2 {
		t.Fatalf("identities: %+v, %v", identities, err)
	}
	got := identities[0]
	want := identity.Stored{
		ID: got.ID, Key: identity.Key{Issuer: providertest.CotterIssuer, Subject: subject}, Provider: "cotter",
		Identifier: ada, Email: ada, EmailVerified: true, CreatedAt: h.clock.Now(),
	}
	if got.CreatedAt = got.CreatedAt.UTC(); !reflect.DeepEqual(got, want) {
		t.Errorf("stored %+v, want %+v", got, want)
	}
	if second := identities[1]; second.Issuer != h.issuer.URL() || second.Phone != "+12025550100" || second.PhoneVerified {
		t.Errorf("stored %+v", second)
	}
	is(t, h.login(t, ada, ""), http.StatusOK, "")
	if caller := h.caller(t, h.signIn(t, ada)); caller.UserID != user.ID || caller.ExternalID != "7" {
		t.Errorf("the caller is %+v", caller)
	}

	empty, err := h.kit.Users().Create(t.Context(), core.NewUser{})
	if err != nil || empty.ID == uuid.Nil || empty.ExternalID != "" || empty.IdentityID != uuid.Nil {
		t.Errorf("a user without anything: %+v, %v", empty, err)
	}
	if found, err := h.kit.Users().Get(t.Context(), empty.ID); err != nil || found.ID != empty.ID {
		t.Errorf("found %+v, %v", found, err)
	}
}

// TestUsers_Create_Rejected writes nothing.
func TestUsers_Create_Rejected(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	users := h.kit.Users()
	sound := core.NewIdentity{Provider: "cotter", Subject: "ada"}
	with := func(edit func(*core.NewIdentity)) core.NewUser {
		i := sound
		edit(&i)
		return core.NewUser{ExternalID: "new", Identities: []core.NewIdentity{{Provider: "corp", Subject: "new"}, i}}
	}
	if _, err := users.Create(t.Context(), core.NewUser{ExternalID: "7", Identities: []core.NewIdentity{sound}}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		user   core.NewUser
		code   autherr.Code
		reason string
	}{
		"external id":          {core.NewUser{ExternalID: "7"}, autherr.ExternalIDInUse, "registered"},
		"identity":             {with(func(*core.NewIdentity) {}), autherr.IdentityInUse, "registered"},
		"control character":    {core.NewUser{ExternalID: "7\n"}, autherr.InvalidRequest, "malformed_external_id"},
		"long external id":     {core.NewUser{ExternalID: strings.Repeat("7", 256)}, autherr.InvalidRequest, "malformed_external_id"},
		"provider":             {with(func(i *core.NewIdentity) { i.Provider = "other" }), autherr.InvalidRequest, "unknown_provider"},
		"issuer":               {with(func(i *core.NewIdentity) { i.Issuer = "https://other.example" }), autherr.InvalidRequest, "issuer_of_no_provider"},
		"subject":              {with(func(i *core.NewIdentity) { i.Subject = "" }), autherr.InvalidRequest, "malformed_subject"},
		"email":                {with(func(i *core.NewIdentity) { i.Email = "x" }), autherr.InvalidRequest, "malformed_email"},
		"verified without any": {with(func(i *core.NewIdentity) { i.EmailVerified = true }), autherr.InvalidRequest, "malformed_email"},
		"phone":                {with(func(i *core.NewIdentity) { i.Phone = "x" }), autherr.InvalidRequest, "malformed_phone"},
		"verified phone":       {with(func(i *core.NewIdentity) { i.PhoneVerified = true }), autherr.InvalidRequest, "malformed_phone"},
		"identifier":           {with(func(i *core.NewIdentity) { i.Identifier = "a\x00" }), autherr.InvalidRequest, "malformed_identifier"},
		"invalid UTF-8":        {with(func(i *core.NewIdentity) { i.Identifier = "\xff" }), autherr.InvalidRequest, "malformed_identifier"},
	} {
		_, err := users.Create(t.Context(), c.user)
		wantError(t, name, err, c.code, c.reason)
	}
	if all := h.allUsers(t, core.UserQuery{}); len(all) != 1 {
		t.Errorf("stored %+v, want one", all)
	}
	if _, err := users.Create(t.Context(), with(func(i *core.NewIdentity) { i.Subject = "new" })); err != nil {
		t.Errorf("valid: %v", err)
	}
}

func TestUsers_SetExternalID(t *testing.T) {
	t.Parallel()
	for name, session := range everySession {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newPeople(t, session)
			users, token := h.kit.Users(), h.signIn(t, ada)
			user := h.caller(t, token).UserID
			set := func(user identity.UserID, id string) error { return users.SetExternalID(t.Context(), user, id) }
			if err := set(user, "7"); err != nil {
				t.Fatal(err)
			}
			if found, err := users.ByExternalID(t.Context(), "7"); err != nil || found.ID != user || found.ExternalID != "7" {
				t.Errorf("found %+v, %v", found, err)
			}
			r := newRequest("GET", "/", "", authorization(token)...)
			ctx, _ := h.kit.Adapter().Authorize(t.Context(), r, http.Header{}, core.Guard{Fresh: true})
			if caller, _ := core.PrincipalFromContext(ctx); caller.ExternalID != "7" {
				t.Errorf("the caller is %+v", caller)
			}
			bobs := h.caller(t, h.signIn(t, bob)).UserID
			wantError(t, "taken", set(bobs, "7"), autherr.ExternalIDInUse, "registered")
			wantError(t, "malformed", set(user, "\x7f"), autherr.InvalidRequest, "malformed_external_id")
			if err := set(user, ""); err != nil {
				t.Errorf("removing: %v", err)
			}
			if err := set(bobs, "7"); err != nil {
				t.Errorf("setting what is free again: %v", err)
			}
			for _, unknown := range []string{"8", ""} {
				_, err := users.ByExternalID(t.Context(), unknown)
				wantError(t, "unknown", err, autherr.NotFound, "unknown_user")
			}
		})
	}
}

// TestUsers_Link adds an identity, which then signs in to the user, and removes it.
func TestUsers_Link(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	users, token := h.kit.Users(), h.signIn(t, ada)
	user := h.caller(t, token).UserID
	n := core.NewIdentity{Provider: "corp", Subject: providertest.SubjectOf(atCorp), Email: atCorp, EmailVerified: true}
	linked, err := users.Link(t.Context(), user, n)
	if err != nil || linked.Provider != "corp" || linked.Email != atCorp || !linked.EmailVerified || !linked.LastLoginAt.IsZero() {
		t.Fatalf("linked %+v, %v", linked, err)
	}
	n.Email = "other@corp.example"
	if again, err := users.Link(t.Context(), user, n); err != nil || again.ID != linked.ID || again.Email != atCorp {
		t.Errorf("again: %+v, %v; want the stored one", again, err)
	}
	bobs := h.caller(t, h.signIn(t, bob)).UserID
	_, err = users.Link(t.Context(), bobs, n)
	wantError(t, "of another user", err, autherr.IdentityInUse, "identity_of_another_user")
	_, err = users.Link(t.Context(), user, core.NewIdentity{Provider: "other", Subject: "x"})
	wantError(t, "provider", err, autherr.InvalidRequest, "unknown_provider")

	session := h.corpSession(t)
	if caller := h.caller(t, session); caller.UserID != user || caller.Provider != "corp" {
		t.Errorf("the identity signs in as %+v", caller)
	}
	wantError(t, "Unlink of another user", users.Unlink(t.Context(), bobs, linked.ID), autherr.NotFound, "unknown_identity")
	if err := users.Unlink(t.Context(), user, linked.ID); err != nil {
		t.Fatal(err)
	}
	h.admits(t, core.Guard{}, session, "invalid_token")
	h.admits(t, core.Guard{}, token, "")
	wantError(t, "Unlink again", users.Unlink(t.Context(), user, linked.ID), autherr.NotFound, "unknown_identity")
	last, err := users.Identities(t.Context(), user)
	if err != nil || len(last) != 1 {
		t.Fatalf("%+v, %v", last, err)
	}
	wantError(t, "Unlink of the last", users.Unlink(t.Context(), user, last[0].ID), autherr.LastIdentity, "last_identity")
}

// TestUsers_All reads more users than a page has, and selects some of them.
//
// Cases: A18.
func TestUsers_All(t *testing.T) {
	t.Parallel()
	h := newPeople(t)
	const total = 1001
	for i := range total {
		n := core.NewIdentity{Provider: "cotter", Subject: uuid.NewString()}
		if i == 600 {
			n.Email, n.Phone = "Ada@example.com", "+12025550100"
		}
		if i == 601 {
			n.Provider, n.Email = "corp", ada
		}
		h.clock.Advance(time.Millisecond)
		if _, err := h.kit.Users().Create(t.Context(), core.NewUser{Identities: []core.NewIdentity{n}}); err != nil {
			t.Fatal(err)
		}
	}
	all := h.allUsers(t, core.UserQuery{})
	for i := range all[1:] {
		if strings.Compare(all[i].ID.String(), all[i+1].ID.String()) >= 0 {
			t.Fatalf("user %d is not before the next one", i)
		}
	}
	if len(all) != total {
		t.Fatalf("%d users, want %d", len(all), total)
	}
	for name, c := range map[string]struct {
		query core.UserQuery
		want  int
	}{
		"email":           {core.UserQuery{Email: "ADA@example.com"}, 2},
		"phone":           {core.UserQuery{Phone: "+12025550100"}, 1},
		"provider":        {core.UserQuery{Provider: "corp"}, 1},
		"email, provider": {core.UserQuery{Email: ada, Provider: "cotter"}, 1},
		"email, phone":    {core.UserQuery{Email: ada, Phone: "+12025550101"}, 0},
		"external id":     {core.UserQuery{ExternalID: "7"}, 0},
		"after":           {core.UserQuery{After: all[999].ID}, 1},
	} {
		if got := h.allUsers(t, c.query); len(got) != c.want {
			t.Errorf("%s: %d users, want %d", name, len(got), c.want)
		}
	}
	for range h.kit.Users().All(t.Context(), core.UserQuery{}) {
		break // the rest is not read
	}
}

func (h *harness) allUsers(t *testing.T, q core.UserQuery) []core.User {
	t.Helper()
	var all []core.User
	for user, err := range h.kit.Users().All(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, user)
	}
	return all
}

func TestUsers_All_Errors(t *testing.T) {
	t.Parallel()
	h, db, _, _ := newFailing(t, nil)
	db.method, db.err = "List", errDown
	count := 0
	for _, err := range h.kit.Users().All(t.Context(), core.UserQuery{}) {
		count++
		wantError(t, "All", err, autherr.TemporarilyUnavailable, "store_failed")
	}
	_, err := h.kit.Users().ByExternalID(t.Context(), "7")
	wantError(t, "ByExternalID", err, autherr.TemporarilyUnavailable, "store_failed")
	if count != 1 {
		t.Errorf("%d elements, want the error alone", count)
	}
}
