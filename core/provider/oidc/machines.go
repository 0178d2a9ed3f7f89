package oidc

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/internal/claim"
	"github.com/cotterpin/cotterpin/core/token"
)

// Machines is the block `machines`: which tokens belong to a machine, in addition
// to those that the kit recognizes.
type Machines struct {
	// Claims must all be in the token with that value. Required.
	Claims map[string]string `hcl:"claims" doc:"claims, by name or JSON Pointer, that the token of a machine has with that value"`
}

// isMachine reports whether the token has all claims.
func (m Machines) isMachine(c token.Claims) bool { return hasAll(c, m.Claims) }

// hasAll reports whether a token has each claim with the wanted value.
func hasAll(c token.Claims, wanted map[string]string) bool {
	for name, want := range wanted {
		if !c.Has(name, want) {
			return false
		}
	}
	return true
}

func (s Settings) machineProblems() []config.Problem {
	if s.Machines == nil {
		return nil
	}
	if len(s.Machines.Claims) == 0 {
		return []config.Problem{{
			Argument: "machines.claims",
			Message:  "must name at least one claim: without, each token would be that of a machine",
		}}
	}
	return claimProblems("machines.claims", s.Machines.Claims)
}

// claimProblems returns the wanted claims that no token can have.
func claimProblems(argument string, wanted map[string]string) []config.Problem {
	var problems []config.Problem
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if problem := claim.WantProblem(name, wanted[name]); problem != "" {
			problems = append(problems, config.Problem{
				Argument: argument,
				Message:  fmt.Sprintf("no token can have this claim: %q %s", name, problem),
			})
		}
	}
	return problems
}
