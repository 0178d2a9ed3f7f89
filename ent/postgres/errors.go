package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATE codes. See https://www.postgresql.org/docs/15/errcodes-appendix.html.
const (
	restrictViolation    = "23001"
	foreignKeyViolation  = "23503"
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"

	invalidSchemaName     = "3F000"
	insufficientPrivilege = "42501"
)

func isConflict(err error) bool { return has(err, uniqueViolation) }

// isReferenced accepts both codes: PostgreSQL 18 and later have their own for
// ON DELETE RESTRICT.
func isReferenced(err error) (table string, referenced bool) {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || failure.Code != foreignKeyViolation && failure.Code != restrictViolation {
		return "", false
	}
	return failure.TableName, true
}

func isDeadlock(err error) bool { return has(err, deadlockDetected) || has(err, serializationFailure) }

func has(err error, code string) bool {
	failure, ok := errors.AsType[*pgconn.PgError](err)
	return ok && failure.Code == code
}
