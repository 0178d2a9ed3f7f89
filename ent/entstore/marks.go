package entstore

import (
	"context"
	"fmt"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/cotterpin/cotterpin/ent/internal/entgen/mark"
)

// selectExpired goes along an index.
const selectExpired = `SELECT id FROM auth_marks WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?`

// Sweep implements account.Store. The time is a condition of the deletion, too: a
// transaction may have locked a row meanwhile.
func (a *accounts) Sweep(ctx context.Context, before time.Time, limit int) (int, error) {
	ids, err := a.expiredMarks(ctx, toMillis(before), limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	swept, err := a.client.Mark.Delete().Where(mark.IDIn(ids...), mark.ExpiresMsLT(toMillis(before))).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("entstore: deleting expired marks: %w", err)
	}
	return swept, nil
}

func (a *accounts) expiredMarks(ctx context.Context, ms int64, limit int) (ids []string, err error) {
	rows, err := a.pool.QueryContext(ctx, a.dialect.placeholders(selectExpired), ms, limit) //nolint:rowserrcheck // ScanSlice does it
	if err != nil {
		return nil, fmt.Errorf("entstore: looking for expired marks: %w", err)
	}
	defer rows.Close() //nolint:errcheck // ScanSlice returns what went wrong
	if err := entsql.ScanSlice(rows, &ids); err != nil {
		return nil, fmt.Errorf("entstore: looking for expired marks: %w", err)
	}
	return ids, nil
}
