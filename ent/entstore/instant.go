package entstore

import "time"

// toMillis and fromMillis translate an instant; the zero time survives.
func toMillis(t time.Time) int64 { return t.UnixMilli() }

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// toNullMillis and fromNullMillis translate an instant of which the zero time
// means that there is none, which is null in the database.
func toNullMillis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return new(toMillis(t))
}

func fromNullMillis(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return fromMillis(*ms)
}
