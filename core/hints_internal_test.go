package core

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// signedAda is the identity of a verified token.
func signedAda() identity.Identity {
	return identity.Identity{
		Key:        identity.Key{Issuer: "https://issuer.example", Subject: "ada"},
		Identifier: "ada@example.com",
		Email:      identity.Contact{Value: "ada@example.com", Verification: identity.Verified},
		Audience:   []string{"api-key"},
	}
}

// cotterHints are the hints that Cotter's front end sends for the identity.
func cotterHints() hints {
	return hints{
		email:          new("ada@example.com"),
		userID:         new("ada"),
		userIdentifier: new("ada@example.com"),
		userIssuer:     new("api-key"),
	}
}

func TestHints_Contradict(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*hints)
		reason string
	}{
		"OtherEmail":           {func(h *hints) { h.email = new("eve@example.com") }, "email_differs"},
		"EmptyEmail":           {func(h *hints) { h.email = new("") }, "email_differs"},
		"EmailWithSpace":       {func(h *hints) { h.email = new("ada@example.com ") }, "email_differs"},
		"OtherID":              {func(h *hints) { h.userID = new("eve") }, "user_id_differs"},
		"IDInOtherCase":        {func(h *hints) { h.userID = new("ADA") }, "user_id_differs"},
		"EmptyID":              {func(h *hints) { h.userID = new("") }, "user_id_differs"},
		"OtherIdentifier":      {func(h *hints) { h.userIdentifier = new("eve@example.com") }, "user_identifier_differs"},
		"OtherIssuer":          {func(h *hints) { h.userIssuer = new("another-key") }, "user_issuer_differs"},
		"IssuerInOtherCase":    {func(h *hints) { h.userIssuer = new("API-KEY") }, "user_issuer_differs"},
		"EmailOfALookalike":    {func(h *hints) { h.email = new("ada@example.\u0441om") }, "email_differs"},
		"IdentifierLookalike":  {func(h *hints) { h.userIdentifier = new("ad\u0430@example.com") }, "user_identifier_differs"},
		"IdentifierOtherCase":  {func(h *hints) { h.userIdentifier = new("ADA@example.com") }, "user_identifier_differs"},
		"IdentifierWithATail":  {func(h *hints) { h.userIdentifier = new("ada@example.com\n") }, "user_identifier_differs"},
		"IssuerIsTheIssuerURL": {func(h *hints) { h.userIssuer = new("https://issuer.example") }, "user_issuer_differs"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := cotterHints()
			if err := h.check(signedAda()); err != nil {
				t.Fatalf("the unchanged hints: %v", err)
			}
			c.change(&h)
			wantMismatch(t, h.check(signedAda()), c.reason)
		})
	}
}

func TestHints_Agree(t *testing.T) {
	t.Parallel()
	phone := func(id *identity.Identity) {
		id.Identifier, id.Email, id.Phone.Value = "+12025550100", identity.Contact{}, "+12025550100"
	}
	cases := map[string]struct {
		hints hints
		sign  func(*identity.Identity)
	}{
		"None":                 {hints{}, nil},
		"AllOfCotter":          {cotterHints(), nil},
		"EmailInOtherCase":     {hints{email: new("ADA@Example.COM")}, nil},
		"PhoneThatIsNotSigned": {hints{phone: new("+12025550199")}, nil},
		"SamePhone":            {hints{phone: new("+12025550100"), userIdentifier: new("+12025550100")}, phone},
		"EmailThatIsNotSigned": {hints{email: new("eve@example.com")}, phone},
		"NoIdentifierIsSigned": {
			hints{userIdentifier: new("eve@example.com")},
			func(id *identity.Identity) { id.Identifier, id.Email = "", identity.Contact{} },
		},
		"OneOfSeveralAudiences": {
			hints{userIssuer: new("api-key")},
			func(id *identity.Identity) { id.Audience = []string{"other", "api-key"} },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := signedAda()
			if c.sign != nil {
				c.sign(&id)
			}
			if err := c.hints.check(id); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHints_Case(t *testing.T) {
	t.Parallel()
	id := signedAda()
	id.Identifier, id.Email = "Ada", identity.Contact{}
	if err := (hints{userIdentifier: new("Ada")}).check(id); err != nil {
		t.Fatalf("the same identifier: %v", err)
	}
	err := hints{userIdentifier: new("ada")}.check(id)
	wantMismatch(t, err, "user_identifier_differs")

	// Unicode folds the Kelvin sign to k, ASCII does not.
	id.Email.Value = "kim@example.com"
	if err := (hints{email: new("KIM@example.com")}).check(id); err != nil {
		t.Fatalf("ASCII case: %v", err)
	}
	err = hints{email: new("\u212aim@example.com")}.check(id)
	wantMismatch(t, err, "email_differs")

	id.Phone.Value = "+12025550100"
	if err := (hints{phone: new("+12025550100")}).check(id); err != nil {
		t.Fatalf("the same phone: %v", err)
	}
	err = hints{phone: new("12025550100")}.check(id)
	wantMismatch(t, err, "phone_differs")
}

func wantMismatch(t *testing.T, err error, reason string) {
	t.Helper()
	if autherr.CodeOf(err) != autherr.IdentityMismatch || autherr.ReasonOf(err) != reason {
		t.Errorf("got %v, want identity_mismatch (%s)", err, reason)
	}
}
