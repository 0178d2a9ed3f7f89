package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE codes. See https://www.postgresql.org/docs/15/errcodes-appendix.html.
const (
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

func isConflict(err error) bool { return has(err, uniqueViolation) }

func isDeadlock(err error) bool { return has(err, deadlockDetected) || has(err, serializationFailure) }

func has(err error, code string) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && failure.Code == code
}
