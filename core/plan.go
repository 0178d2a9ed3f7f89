package core

import (
	"context"
	"errors"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/internal/configfile"
)

// Plan is what a program would change in its database before it uses it, and which
// users could no longer sign in. Its JSON is that of `cotterpin plan --json`.
type Plan struct {
	Database string `json:"database"` // the type; "" if the configuration stores nothing
	database.Changes

	// Identities are counted by provider and issuer, in this order.
	Identities []IdentityCount `json:"identities"`
}

// IdentityCount counts the stored identities of a provider. Elsewhere, Linkable
// and Stranded add up to Identities, and are 0 for those of an active block.
type IdentityCount struct {
	Provider   string `json:"provider"` // as stored: the name of the block at the last login
	Issuer     string `json:"issuer"`
	Block      string `json:"block"` // that they belong to; "" if none
	State      string `json:"state"` // of the block; "" if none
	Identities int    `json:"identities"`

	// Elsewhere counts those whose user can sign in with another identity, of an
	// active block.
	Elsewhere int `json:"elsewhere"`

	// Linkable counts those whose user the first login at an active block would find
	// by link_on, if it signs the same contact; see [config.Users].
	Linkable int `json:"linkable"`

	// Stranded counts those whose user could not sign in if the block were removed.
	Stranded int `json:"stranded"`
}

// Plan returns the pending changes of the database, and counts the identities. It
// reads all identities once, changes nothing, and creates no file. Memory: about
// 100 bytes for each identity of a block that is not active, and for each with a
// verified contact of link_on.
//
// The error is a [config.Diagnostics] if the settings are not valid, or the
// database cannot be opened or used.
func (s Settings) Plan(ctx context.Context, list ...Option) (plan Plan, err error) {
	if err := s.Validate(); err != nil {
		return Plan{}, err
	}
	s, o := s.withDefaults(), newOptions(list)
	providers, err := openProviders(ctx, s, o)
	if err != nil {
		return Plan{}, err
	}
	defer providers.Close()
	plan = Plan{Changes: database.Changes{Migrations: []database.Migration{}}, Identities: []IdentityCount{}}
	if s.Database == nil {
		return plan, nil
	}
	plan.Database = s.Database.Type.Name()
	return plan, s.withPlanner(ctx, o, func(p database.Planner) error {
		changes, err := p.Changes(ctx)
		if err != nil {
			return err
		}
		plan.Changes = changes
		plan.Migrations = append([]database.Migration{}, changes.Migrations...)
		counts, err := newCensus(providers, s.Users.LinkOn).count(p.Identities(ctx))
		plan.Identities = append(plan.Identities, counts...)
		return err
	})
}

// Apply makes the pending changes of the database: it creates a missing file and
// migrates the tables, also with migrate = "check". With migrate = "off" it is an
// error. Errors are those of [Settings.Plan].
func (s Settings) Apply(ctx context.Context, list ...Option) error {
	if err := s.Validate(); err != nil {
		return err
	}
	s = s.withDefaults()
	if s.Database == nil {
		return nil
	}
	return s.withPlanner(ctx, newOptions(list), func(p database.Planner) error { return p.Apply(ctx) })
}

func (s Settings) withPlanner(ctx context.Context, o options, use func(database.Planner) error) error {
	planner, err := s.Database.Type.Plan(ctx, s.Database.Settings, s.databaseEnv(o))
	if err == nil {
		err = errors.Join(use(planner), planner.Close())
	}
	if err != nil {
		return s.file().Explain(s.databasePath(), "Database cannot be used", err)
	}
	return nil
}

func (s Settings) databaseEnv(o options) database.Env {
	return database.Env{
		Development: s.Auth.Mode == config.ModeDevelopment,
		Directory:   s.Directory,
		Now:         o.now,
		Log:         o.log,
	}
}

func (s Settings) databasePath() configfile.Path {
	return configfile.Path{Block: configfile.BlockDatabase, Label: s.Database.Type.Name()}
}
