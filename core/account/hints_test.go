package account_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// hints are the hints of a login of ada as Cotter's front end gives them.
func hints() account.Hints {
	return account.Hints{
		Email:          new("ada@example.com"),
		UserID:         new("ada"),
		UserIdentifier: new("ada@example.com"),
		UserIssuer:     new("api-key"),
	}
}

func TestHintsThatContradictWhatIsSignedAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*account.Hints)
		reason string
	}{
		"OtherEmail":           {func(h *account.Hints) { h.Email = new("eve@example.com") }, "email_differs"},
		"EmptyEmail":           {func(h *account.Hints) { h.Email = new("") }, "email_differs"},
		"EmailWithABlank":      {func(h *account.Hints) { h.Email = new("ada@example.com ") }, "email_differs"},
		"OtherID":              {func(h *account.Hints) { h.UserID = new("eve") }, "user_id_differs"},
		"IDInOtherCase":        {func(h *account.Hints) { h.UserID = new("ADA") }, "user_id_differs"},
		"EmptyID":              {func(h *account.Hints) { h.UserID = new("") }, "user_id_differs"},
		"OtherIdentifier":      {func(h *account.Hints) { h.UserIdentifier = new("eve@example.com") }, "user_identifier_differs"},
		"OtherIssuer":          {func(h *account.Hints) { h.UserIssuer = new("another-key") }, "user_issuer_differs"},
		"IssuerInOtherCase":    {func(h *account.Hints) { h.UserIssuer = new("API-KEY") }, "user_issuer_differs"},
		"EmailOfALookalike":    {func(h *account.Hints) { h.Email = new("ada@example.\u0441om") }, "email_differs"},
		"IdentifierLookalike":  {func(h *account.Hints) { h.UserIdentifier = new("ad\u0430@example.com") }, "user_identifier_differs"},
		"IdentifierOtherCase":  {func(h *account.Hints) { h.UserIdentifier = new("ADA@example.com") }, "user_identifier_differs"},
		"IdentifierWithATail":  {func(h *account.Hints) { h.UserIdentifier = new("ada@example.com\n") }, "user_identifier_differs"},
		"IssuerIsTheIssuerURL": {func(h *account.Hints) { h.UserIssuer = new("https://issuer.example") }, "user_issuer_differs"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hints()
			if err := h.Check(ada()); err != nil {
				t.Fatalf("the unchanged hints: %v", err)
			}
			c.change(&h)
			wantError(t, h.Check(ada()), autherr.IdentityMismatch, c.reason)
		})
	}
}

func TestHintsThatContradictNothingPass(t *testing.T) {
	t.Parallel()
	phone := func(id *identity.Identity) {
		id.Identifier, id.Email, id.Phone.Value = "+12025550100", identity.Contact{}, "+12025550100"
	}
	cases := map[string]struct {
		hints account.Hints
		sign  func(*identity.Identity)
	}{
		"None":                 {account.Hints{}, nil},
		"AllOfCotter":          {hints(), nil},
		"EmailInOtherCase":     {account.Hints{Email: new("ADA@Example.COM")}, nil},
		"PhoneThatIsNotSigned": {account.Hints{Phone: new("+12025550199")}, nil},
		"SamePhone":            {account.Hints{Phone: new("+12025550100"), UserIdentifier: new("+12025550100")}, phone},
		"EmailThatIsNotSigned": {account.Hints{Email: new("eve@example.com")}, phone},
		"NoIdentifierIsSigned": {
			account.Hints{UserIdentifier: new("eve@example.com")},
			func(id *identity.Identity) { id.Identifier, id.Email = "", identity.Contact{} },
		},
		"OneOfSeveralAudiences": {
			account.Hints{UserIssuer: new("api-key")},
			func(id *identity.Identity) { id.Audience = []string{"other", "api-key"} },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := ada()
			if c.sign != nil {
				c.sign(&id)
			}
			if err := c.hints.Check(id); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOnlyEmailsAreComparedWithoutCase(t *testing.T) {
	t.Parallel()
	id := ada()
	id.Identifier, id.Email = "Ada", identity.Contact{}
	if err := (account.Hints{UserIdentifier: new("Ada")}).Check(id); err != nil {
		t.Fatalf("the same identifier: %v", err)
	}
	err := account.Hints{UserIdentifier: new("ada")}.Check(id)
	wantError(t, err, autherr.IdentityMismatch, "user_identifier_differs")

	// Unicode folds the Kelvin sign to k, ASCII does not.
	id.Email.Value = "kim@example.com"
	if err := (account.Hints{Email: new("KIM@example.com")}).Check(id); err != nil {
		t.Fatalf("ASCII case: %v", err)
	}
	err = account.Hints{Email: new("\u212aim@example.com")}.Check(id)
	wantError(t, err, autherr.IdentityMismatch, "email_differs")

	id.Phone.Value = "+12025550100"
	if err := (account.Hints{Phone: new("+12025550100")}).Check(id); err != nil {
		t.Fatalf("the same phone: %v", err)
	}
	err = account.Hints{Phone: new("12025550100")}.Check(id)
	wantError(t, err, autherr.IdentityMismatch, "phone_differs")
}
