package account

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
)

// contactKind is a type of contact on which users can be linked.
type contactKind struct {
	name     string // in Registrar.LinkOn
	ofLogin  func(identity.Identity) identity.Contact
	ofStored func(identity.Stored) (value string, verified bool)
	trusts   func(Block) bool
	fold     func(string) string // makes equal contacts the same string
	users    func(context.Context, Tx, string) ([]identity.UserID, error)
}

var contactKinds = []contactKind{
	{
		name:     "email",
		ofLogin:  func(id identity.Identity) identity.Contact { return id.Email },
		ofStored: func(i identity.Stored) (string, bool) { return i.Email, i.EmailVerified },
		trusts:   func(b Block) bool { return b.TrustsEmail },
		fold:     identity.FoldEmail,
		users: func(ctx context.Context, tx Tx, email string) ([]identity.UserID, error) {
			return tx.WithEmail(ctx, email)
		},
	},
	{
		name:     "phone",
		ofLogin:  func(id identity.Identity) identity.Contact { return id.Phone },
		ofStored: func(i identity.Stored) (string, bool) { return i.Phone, i.PhoneVerified },
		trusts:   func(b Block) bool { return b.TrustsPhone },
		fold:     func(phone string) string { return phone },
		users: func(ctx context.Context, tx Tx, phone string) ([]identity.UserID, error) {
			return tx.WithPhone(ctx, phone)
		},
	},
}

// contact is a verified contact of a login.
type contact struct {
	contactKind
	value string // folded
}

// lock returns the lock of transactions that decide by this contact.
func (c contact) lock() string { return c.name + ":" + c.value }

// isOf reports whether the identity has the contact, and hasOther whether it has
// another one of that kind.
func (c contact) isOf(i identity.Stored) (is, hasOther bool) {
	value, _ := c.ofStored(i)
	is = c.fold(value) == c.value
	return is, value != "" && !is
}

// candidate is a user who has a contact of a login, verified or not.
type candidate struct {
	id         identity.UserID
	disabled   bool
	identities []identity.Stored // all of the user
}

// decision is what the first login of an identity does.
type decision struct {
	link identity.UserID // the user who gets the identity; uuid.Nil: it registers a new one
	err  error           // not nil: nothing is written
}

// contacts returns the contacts of a login by which it may find a user: those that
// are verified now, and listed in LinkOn.
func (r Registrar) contacts(id identity.Identity) []contact {
	var all []contact
	for _, kind := range contactKinds {
		signed := kind.ofLogin(id)
		if slices.Contains(r.LinkOn, kind.name) && signed.Verification == identity.Verified && signed.Value != "" {
			all = append(all, contact{kind, kind.fold(signed.Value)})
		}
	}
	return all
}

// decide returns what the first login of an identity does, given all users who have
// one of its contacts. It depends on its arguments and the fields of r alone.
// LINKING.md is its truth table.
func (r Registrar) decide(id identity.Identity, users []candidate) decision {
	if err := r.checkDraining(id); err != nil {
		return decision{err: err}
	}
	contacts := r.contacts(id)
	users = slices.DeleteFunc(slices.Clone(users), func(user candidate) bool { return !r.matches(id, contacts, user) })
	switch {
	case len(users) == 0 && !r.Create:
		return decision{err: autherr.New(autherr.RegistrationClosed, "unknown_identity")}
	case len(users) == 0:
		return decision{link: uuid.Nil}
	case len(users) > 1:
		return decision{err: autherr.New(autherr.AccountExists, "several_accounts")}
	case r.mayBePlanted(contacts, users[0]):
		return decision{err: autherr.New(autherr.AccountExists, "account_has_another_contact")}
	case users[0].disabled:
		return decision{err: autherr.New(autherr.AccountDisabled, "account_disabled")}
	default:
		return decision{link: users[0].id}
	}
}

// matches reports whether a user has proved one of the contacts. One who has an
// identity of the login's issuer does not match: the provider distinguishes the two,
// and has reassigned the contact.
func (r Registrar) matches(id identity.Identity, contacts []contact, user candidate) bool {
	if slices.ContainsFunc(user.identities, func(i identity.Stored) bool { return i.Issuer == id.Issuer }) {
		return false
	}
	return slices.ContainsFunc(contacts, func(c contact) bool { return r.proved(c, user) })
}

// proved reports whether a user has the contact verified, by a provider that is
// trusted for it and not disabled.
func (r Registrar) proved(c contact, user candidate) bool {
	return slices.ContainsFunc(user.identities, func(i identity.Stored) bool {
		is, _ := c.isOf(i)
		_, verified := c.ofStored(i)
		block, ok := r.block(i.Provider, i.Issuer)
		return is && verified && ok && block.State != config.StateDisabled && c.trusts(block)
	})
}

// mayBePlanted reports whether a user who has proved a contact also has another one
// of that kind: an attacker may have added an identity to an account of theirs that
// they expect the owner of the contact to share.
func (r Registrar) mayBePlanted(contacts []contact, user candidate) bool {
	return slices.ContainsFunc(contacts, func(c contact) bool {
		return r.proved(c, user) && slices.ContainsFunc(user.identities, func(i identity.Stored) bool {
			_, hasOther := c.isOf(i)
			return hasOther
		})
	})
}

// checkDraining rejects an unknown identity of a block that accepts known ones only.
func (r Registrar) checkDraining(id identity.Identity) error {
	if block, ok := r.block(id.Provider, id.Issuer); ok && block.State == config.StateDraining {
		return autherr.New(autherr.ProviderDraining, "unknown_identity")
	}
	return nil
}

func (r Registrar) block(provider, issuer string) (Block, bool) {
	if r.Blocks == nil {
		return Block{}, false
	}
	return r.Blocks(provider, issuer)
}

// candidates returns the users who have one of the contacts, and locks them.
func candidates(ctx context.Context, tx Tx, contacts []contact) ([]candidate, error) {
	var found []candidate
	for _, c := range contacts {
		ids, err := c.users(ctx, tx, c.value)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if slices.ContainsFunc(found, func(user candidate) bool { return user.id == id }) {
				continue
			}
			user, identities, err := lockUser(ctx, tx, id)
			if err != nil {
				return nil, err
			}
			found = append(found, candidate{id: id, disabled: user.Disabled, identities: identities})
		}
	}
	return found, nil
}
