package verify

import (
	"maps"
	"slices"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/provider"
)

// Blocks returns the blocks in the order of the file.
func (s *Set) Blocks() []account.Block {
	blocks := make([]account.Block, len(s.providers))
	for i, p := range s.providers {
		blocks[i] = p.block()
	}
	return blocks
}

func (p *Provider) block() account.Block {
	return account.Block{Name: p.Name, State: p.state, TrustsEmail: p.trustsEmail, TrustsPhone: p.trustsPhone}
}

// Import returns what an import of users of the named block needs: the issuers of
// its identities, and the driver's ability to read the provider's own list, nil if
// it has none. False: there is no such block.
func (s *Set) Import(name string) (issuers []string, list provider.UserLister, ok bool) {
	p := s.named(name)
	if p == nil {
		return nil, nil, false
	}
	list, _ = p.driver.(provider.UserLister)
	issuers = append([]string{p.rules.Issuer}, slices.Sorted(maps.Keys(p.rules.MoreIssuers))...)
	return issuers, list, true
}
