package entstore

import (
	"fmt"
	"time"
)

// toMillis and fromMillis translate an instant; the zero time survives.
func toMillis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// toNullMillis translates an instant of which the zero time means that there is
// none, which is null in the database.
func toNullMillis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return new(toMillis(t))
}

// instant scans a column of milliseconds, of which null is the zero time.
type instant struct{ *time.Time }

// Scan implements sql.Scanner.
func (i instant) Scan(column any) error {
	switch ms := column.(type) {
	case nil:
		*i.Time = time.Time{}
	case int64:
		*i.Time = fromMillis(ms)
	default:
		return fmt.Errorf("entstore: an instant is stored as %T", column)
	}
	return nil
}
