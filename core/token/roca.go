package token

import "math/big"

// isFactorable reports whether an RSA modulus has the structure of those of an
// Infineon library whose private keys can be computed (CVE-2017-15361, "ROCA";
// Nemec et al., The Return of Coppersmith's Attack, 2017, section 2.2): modulo
// each small prime it is a power of 65537. Of random moduli, one in 2^27 has it too.
func isFactorable(modulus *big.Int) bool {
	const generator, largest = 65537, 167
	for prime := int64(3); prime <= largest; prime += 2 {
		if !big.NewInt(prime).ProbablyPrime(0) { // exact for numbers of this size
			continue
		}
		rest := new(big.Int).Mod(modulus, big.NewInt(prime)).Int64()
		power := int64(1)
		for range prime {
			power = power * generator % prime
			if power == rest {
				break
			}
		}
		if power != rest {
			return false
		}
	}
	return true
}
