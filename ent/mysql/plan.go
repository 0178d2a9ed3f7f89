package mysql

import (
	"context"

	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

// plan opens the database for a plan.
func plan(_ context.Context, s Settings, env database.Env) (database.Planner, error) {
	pool, err := OpenPool(s.URL)
	if err != nil {
		return nil, err
	}
	entstore.LimitPool(pool, s.MaxOpenConns)
	return entstore.NewPlanner(pool, Dialect(), entstore.PlanOptions{
		Migrate: entstore.MigrateOrDefault(s.Migrate, env),
		Open: func(ctx context.Context) (database.Database, error) {
			s.Migrate = string(database.MigrateApply)
			return open(ctx, s, env)
		},
		Explain: func(err error) error { return entstore.Unreachable(address(s.URL), err) },
	})
}
