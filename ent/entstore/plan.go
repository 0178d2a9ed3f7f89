package entstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/ent/internal/migrations"
)

// PlanOptions describe a database that is opened for a plan.
type PlanOptions struct {
	Migrate database.Migrate
	Creates string // the file that Open would create; "" if none

	// Open opens the database with [database.MigrateApply].
	Open func(ctx context.Context) (database.Database, error)

	// Explain adds to an error what the operator can do. nil: nothing is added.
	Explain func(error) error
}

// NewPlanner returns a database.Planner that reads through the pool, and closes
// it. An error closes the pool too.
func NewPlanner(pool *sql.DB, d Dialect, o PlanOptions) (database.Planner, error) {
	set, err := migrations.For(d.Name, pool)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &planner{&tables{pool: pool, dialect: d, migrations: set, migrate: o.Migrate}, o}, nil
}

type planner struct {
	tables  *tables
	options PlanOptions
}

// Changes implements database.Planner.
func (p *planner) Changes(ctx context.Context) (database.Changes, error) {
	changes, err := p.changes(ctx)
	if err == nil {
		return changes, nil
	}
	err = p.tables.dialect.explain(ctx, p.tables.pool, err)
	if p.options.Explain != nil {
		err = p.options.Explain(err)
	}
	return database.Changes{}, err
}

func (p *planner) changes(ctx context.Context) (database.Changes, error) {
	t := p.tables
	changes := database.Changes{Creates: p.options.Creates, Migrate: t.migrate, Required: t.migrations.Required()}
	if t.migrate == database.MigrateOff {
		return changes, t.checkColumns(ctx)
	}
	if err := t.checkForeign(ctx); err != nil {
		return changes, err
	}
	var err error
	changes.Version, changes.Migrations, err = t.migrations.Pending(ctx)
	return changes, err
}

// selectAllIdentities reads columns that tables of every version have.
const selectAllIdentities = `
	SELECT i.user_id, i.id, i.issuer, i.subject, i.provider, i.identifier,
	       i.email, i.email_verified, i.phone, i.phone_verified, i.last_login_ms, u.disabled_ms IS NOT NULL
	FROM auth_identities i JOIN auth_users u ON u.id = i.user_id
	ORDER BY i.user_id`

// Identities implements database.Planner.
func (p *planner) Identities(ctx context.Context) iter.Seq2[identity.User, error] {
	return func(yield func(identity.User, error) bool) {
		if err := p.identities(ctx, yield); err != nil {
			yield(identity.User{}, fmt.Errorf("entstore: reading the identities: %w", err))
		}
	}
}

func (p *planner) identities(ctx context.Context, yield func(identity.User, error) bool) error {
	version, err := p.tables.migrations.Current(ctx)
	if err != nil || version == 0 && p.tables.migrate != database.MigrateOff {
		return err
	}
	rows, err := p.tables.pool.QueryContext(ctx, selectAllIdentities)
	if err != nil {
		return err //nolint:wrapcheck // Identities wraps it
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	for rows.Next() {
		var u identity.User
		var lastLogin int64
		if err := rows.Scan(&u.ID, &u.IdentityID, &u.Issuer, &u.Subject, &u.Provider, &u.Identifier,
			&u.Email, &u.EmailVerified, &u.Phone, &u.PhoneVerified, &lastLogin, &u.Disabled); err != nil {
			return err //nolint:wrapcheck // Identities wraps it
		}
		if lastLogin != 0 {
			u.LastLoginAt = fromMillis(lastLogin)
		}
		if !yield(u, nil) {
			return nil
		}
	}
	return rows.Err() //nolint:wrapcheck // Identities wraps it
}

// Apply implements database.Planner.
func (p *planner) Apply(ctx context.Context) error {
	if p.tables.migrate == database.MigrateOff {
		return errors.New(`entstore: migrate = "off": the application migrates these tables: change migrate, or let the application migrate them`)
	}
	opened, err := p.options.Open(ctx)
	if err != nil {
		return err
	}
	return opened.Close()
}

// Close implements database.Planner.
func (p *planner) Close() error {
	if err := p.tables.pool.Close(); err != nil {
		return fmt.Errorf("entstore: closing: %w", err)
	}
	return nil
}
