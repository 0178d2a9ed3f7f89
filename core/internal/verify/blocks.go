package verify

import "github.com/cotterpin/cotterpin/core/account"

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
