package core

import (
	"cmp"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/verify"
)

// census counts identities by provider and issuer, and for those of blocks that are
// not active what becomes of their users. It applies the rules of linking to all
// users at once: a user is found by a contact if it is the only candidate, and the
// contact is the only one of its kind that the user has.
type census struct {
	providers *verify.Set
	linkOn    []string
	active    []account.Block
	groups    map[group]*IdentityCount
	seed      maphash.Seed

	// candidates counts, for each active block and contact, the users that could be
	// found by it.
	candidates map[candidateKey]uint8
	waiting    []waiting
}

type group struct{ provider, issuer string }

// candidateKey is the hash of an active block and a contact. 64 bits: of a million
// contacts two collide once in 30 million censuses, and one
// identity is then counted as stranded.
type candidateKey uint64

// waiting is an identity that is linkable if one of the keys has one candidate.
type waiting struct {
	count *IdentityCount
	keys  []candidateKey
}

func newCensus(providers *verify.Set, linkOn []string) *census {
	c := &census{
		providers: providers, linkOn: linkOn, groups: map[group]*IdentityCount{}, seed: maphash.MakeSeed(),
		candidates: map[candidateKey]uint8{},
	}
	for _, block := range providers.Blocks() {
		if block.State == config.StateActive {
			c.active = append(c.active, block)
		}
	}
	return c
}

// count reads identities ordered by user.
func (c *census) count(identities iter.Seq2[identity.User, error]) ([]IdentityCount, error) {
	var user []identity.User
	for next, err := range identities {
		if err != nil {
			return nil, err
		}
		if len(user) > 0 && user[0].ID != next.ID {
			c.add(user)
			user = user[:0]
		}
		user = append(user, next)
	}
	if len(user) > 0 {
		c.add(user)
	}
	return c.result(), nil
}

func (c *census) result() []IdentityCount {
	for _, w := range c.waiting {
		if slices.ContainsFunc(w.keys, func(key candidateKey) bool { return c.candidates[key] == 1 }) {
			w.count.Linkable++
		} else {
			w.count.Stranded++
		}
	}
	counts := make([]IdentityCount, 0, len(c.groups))
	for _, count := range c.groups {
		counts = append(counts, *count)
	}
	slices.SortFunc(counts, func(a, b IdentityCount) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Issuer, b.Issuer))
	})
	return counts
}

// add counts the identities of one user.
func (c *census) add(user []identity.User) {
	isElsewhere := slices.ContainsFunc(user, func(i identity.User) bool { return c.isActive(i.Issuer) })
	keys := c.keysOf(user)
	for _, i := range user {
		count := c.groupOf(i)
		count.Identities++
		switch {
		case count.State == config.StateActive:
		case isElsewhere:
			count.Elsewhere++
		case user[0].Disabled || len(keys) == 0:
			count.Stranded++
		default:
			c.waiting = append(c.waiting, waiting{count, keys})
		}
	}
}

func (c *census) groupOf(i identity.User) *IdentityCount {
	key := group{i.Provider, i.Issuer}
	count, ok := c.groups[key]
	if !ok {
		block, _ := c.providers.Block(i.Provider, i.Issuer)
		count = &IdentityCount{Provider: i.Provider, Issuer: i.Issuer, Block: block.Name, State: block.State}
		c.groups[key] = count
	}
	return count
}

// isActive reports whether an active block accepts the issuer, whatever block the
// identity belongs to.
func (c *census) isActive(issuer string) bool {
	return slices.ContainsFunc(c.active, func(b account.Block) bool { return c.accepts(b, issuer) })
}

func (c *census) accepts(block account.Block, issuer string) bool {
	found, ok := c.providers.Block(block.Name, issuer)
	return ok && found.Name == block.Name
}

// keysOf counts the user as a candidate of its verified contacts, at each active
// block where it has no identity, and returns those by which it can be found.
func (c *census) keysOf(user []identity.User) []candidateKey {
	var found []candidateKey
	for _, kind := range contactKinds {
		if !slices.Contains(c.linkOn, kind.name) {
			continue
		}
		values := map[string]bool{} // whether verified
		for _, i := range user {
			block, ok := c.providers.Block(i.Provider, i.Issuer)
			value, isVerified := kind.of(i)
			if value != "" {
				values[value] = values[value] || isVerified && ok && block.State != config.StateDisabled && kind.trusts(block)
			}
		}
		for value, isVerified := range values {
			if isVerified {
				keys := c.countCandidate(kind, value, user)
				if len(values) == 1 {
					found = append(found, keys...)
				}
			}
		}
	}
	return found
}

// countCandidate counts the user as a candidate of the contact, and returns the
// keys.
func (c *census) countCandidate(kind contactKind, value string, user []identity.User) []candidateKey {
	var keys []candidateKey
	for _, block := range c.active {
		isKnown := slices.ContainsFunc(user, func(i identity.User) bool { return c.accepts(block, i.Issuer) })
		if isKnown || !kind.trusts(block) {
			continue
		}
		key := candidateKey(maphash.Comparable(c.seed, [3]string{block.Name, kind.name, value}))
		if c.candidates[key] < 2 {
			c.candidates[key]++
		}
		keys = append(keys, key)
	}
	return keys
}

// contactKind is a contact that link_on may name.
type contactKind struct {
	name   string
	of     func(identity.User) (value string, isVerified bool)
	trusts func(account.Block) bool
}

var contactKinds = []contactKind{
	{
		"email",
		func(i identity.User) (string, bool) { return identity.FoldEmail(i.Email), i.EmailVerified },
		func(b account.Block) bool { return b.TrustsEmail },
	},
	{
		"phone",
		func(i identity.User) (string, bool) { return i.Phone, i.PhoneVerified },
		func(b account.Block) bool { return b.TrustsPhone },
	},
}
