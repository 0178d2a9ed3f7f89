package provider

import "fmt"

// Ambiguous returns the name of a provider whose tokens could be taken for
// those of another, and what to do about it; nil if there is none. Two
// providers may share an issuer only if they have different audiences and the
// same source of keys: an identity is known by its issuer and subject alone.
func (s *Set) Ambiguous() (name string, err error) {
	for i, later := range s.routes {
		for _, earlier := range s.routes[:i] {
			if later.Name == earlier.Name || later.Issuer.Issuer != earlier.Issuer.Issuer {
				continue
			}
			if later.KeySource != earlier.KeySource {
				return later.Name, fmt.Errorf("provider %q has the same issuer, but takes its keys from elsewhere: let both name the same source of keys", earlier.Name)
			}
			if later.addresses(later.Issuer.Issuer, earlier.Audience) {
				return later.Name, fmt.Errorf("provider %q has the same issuer and audience, so a token could be meant for either: leave one of the two out", earlier.Name)
			}
		}
	}
	return "", nil
}
