// Package autherr has the error codes of cotterpin and the error type that
// contains one. A code has an HTTP status and a title, and both are declared
// with it. An application adds its own codes with [Define].
//
// There are two families. [InvalidToken] and its neighbors mean that the
// credential is bad: the client may try another one. [TemporarilyUnavailable]
// means that the credential could not be checked: the client keeps it and
// retries later. A fault must never move an error from the second family to the
// first, or from either to success.
//
// # Errors
//
// Programs decide by [CodeOf], which returns what the client receives, or by
// errors.Is(err, autherr.NotFound), which also matches the code of a cause. They
// never decide by the error string, which is for the operator's log and does not
// reach the client.
//
// # Security
//
// Reason and Err must not contain a token, a cookie, a secret, or a string that
// the client chose. Only [Error.WithValues] accepts such a string, in a form that
// cannot forge a log line.
package autherr

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// maxValue is the maximum length of a value in a log line in bytes.
const maxValue = 200

// Error is an error with a code.
type Error struct {
	// Code is what the client receives.
	Code Code

	// Reason is the cause within Code, for the log: a stable word in snake_case
	// such as "wrong_audience". In development mode the client receives it too.
	Reason string

	// Detail explains the error to a developer, in development mode only. It
	// follows Reason in the response and is not logged.
	Detail string

	// RetryAfter is when to retry. Zero: the default for the code.
	RetryAfter time.Duration

	// MaxAge is how recent the authentication must be, where Code is
	// ReauthenticationRequired.
	MaxAge time.Duration

	// ACRValues lists the authentication context classes or methods of which the
	// authentication must have one, in order of preference, where Code is
	// ReauthenticationRequired. The response omits those that a header field cannot
	// contain.
	ACRValues []string

	// Suspect counts the attempt as refused, although Code means that the
	// credential could not be checked: it may be one that never can be.
	Suspect bool

	// Err is the cause, nil if there is none.
	Err error

	values *values // nil if nothing was compared
}

// values are those of a failed comparison.
type values struct{ expected, found string }

// New returns an error with a code and the reason for the log.
func New(code Code, reason string) *Error {
	return &Error{Code: code, Reason: reason}
}

// Wrap returns an error with a code, the reason for the log, and its cause.
func Wrap(code Code, reason string, err error) *Error {
	return &Error{Code: code, Reason: reason, Err: err}
}

// StoreFailed returns the TemporarilyUnavailable error for a failed database
// operation.
func StoreFailed(err error) *Error {
	return Wrap(TemporarilyUnavailable, "store_failed", err)
}

// WithValues sets the values of a failed comparison and returns e. They are for
// the log: neither a response nor [Error.Error] contains them. Each is cut to 200
// bytes, and characters that are not printable are escaped. Neither may be a token
// or a secret.
func (e *Error) WithValues(expected, found string) *Error {
	e.values = &values{printable(expected), printable(found)}
	return e
}

// Values returns what [Error.WithValues] has set; false if nothing was compared.
func (e *Error) Values() (expected, found string, compared bool) {
	if e.values == nil {
		return "", "", false
	}
	return e.values.expected, e.values.found, true
}

func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		character := string(r)
		if !strconv.IsPrint(r) {
			character = strings.Trim(strconv.QuoteRune(r), "'")
		}
		if b.Len()+len(character) > maxValue {
			break
		}
		b.WriteString(character)
	}
	return b.String()
}

// Error returns code, reason and cause, for logs.
func (e *Error) Error() string {
	text := string(e.Code)
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the error's code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && e.Code == code
}

// CodeOf returns the code of the first [Error] or [Code] in the chain of err,
// [Internal] for an error that has none or whose code is not declared, and ""
// for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || !e.Code.declared() {
		return Internal
	}
	return e.Code
}

// ReasonOf returns the reason of the first [Error] in the chain of err, and
// "unclassified" for an error that has none.
func ReasonOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return "unclassified"
}
