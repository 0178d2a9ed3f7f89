package entstore

import (
	"fmt"
	"time"
)

// toMillis and fromMillis convert a time to the value of a column and back. The
// zero time remains the zero time.
func toMillis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// toNullMillis converts a time to the value of a nullable column. The zero time
// becomes null.
func toNullMillis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return new(toMillis(t))
}

// timeColumn scans a column of milliseconds. Null becomes the zero time.
type timeColumn struct{ *time.Time }

// Scan implements sql.Scanner.
func (c timeColumn) Scan(column any) error {
	switch ms := column.(type) {
	case nil:
		*c.Time = time.Time{}
	case int64:
		*c.Time = fromMillis(ms)
	default:
		return fmt.Errorf("entstore: a time is stored as %T", column)
	}
	return nil
}
