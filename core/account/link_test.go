package account_test

import (
	"context"
	"slices"
	"testing"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
)

// locking is a store that records the locks of transactions.
type locking struct {
	account.Store
	locks []string
}

func (l *locking) Transact(ctx context.Context, locks []string, do func(context.Context, account.Tx) error) error {
	l.locks = locks
	return l.Store.Transact(ctx, locks, do)
}

// Transactions that may find each other's user are serialized by their folded
// contacts; others need no lock.
func TestRegistrar_Locks(t *testing.T) {
	t.Parallel()
	email := identity.Contact{Value: "Ada@Example.com", Verification: identity.Verified}
	phone := identity.Contact{Value: "+12025550100", Verification: identity.Verified}
	for name, c := range map[string]struct {
		linkOn       []string
		email, phone identity.Contact
		want         []string
	}{
		"email":         {[]string{"email"}, email, phone, []string{"email:ada@example.com"}},
		"phone":         {[]string{"phone"}, email, phone, []string{"phone:+12025550100"}},
		"both":          {[]string{"phone", "email"}, email, phone, []string{"email:ada@example.com", "phone:+12025550100"}},
		"off":           {nil, email, phone, nil},
		"not verified":  {[]string{"email"}, identity.Contact{Value: email.Value}, phone, nil},
		"no such value": {[]string{"email"}, identity.Contact{}, phone, nil},
	} {
		store := &locking{Store: newStore()}
		registrar := newRegistrar(store)
		registrar.LinkOn = c.linkOn
		registrar.Blocks = func(string, string) (account.Block, bool) {
			return account.Block{State: config.StateActive, TrustsEmail: true, TrustsPhone: true}, true
		}
		id := ada()
		id.Email, id.Phone = c.email, c.phone
		if result, err := registrar.RegisterOrLogin(t.Context(), id); err != nil || !result.Created || !slices.Equal(store.locks, c.want) {
			t.Errorf("%s: got %+v, %v, locks %q, want %q", name, result, err, store.locks, c.want)
		}
	}
}
