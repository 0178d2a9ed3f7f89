// Package autherr holds the closed set of error codes that cotterpin answers
// with, and the error type that carries one.
//
// Two families matter. "The credential is bad" is [InvalidToken] and its
// neighbours: the caller may try another credential. "We could not check" is
// [TemporarilyUnavailable]: nothing was learned about the credential, so the
// caller keeps it and tries later. No fault may ever move an error from the
// second family to the first, or from either to success.
//
// # Errors
//
// Programs act on [CodeOf], never on the text. The text is for the log of the
// operator; it does not reach the client.
//
// # Security
//
// Neither Reason nor Err may hold a token, a cookie, a secret, or text that
// the client chose.
package autherr

import (
	"errors"
	"time"
)

// Code is what the client is told. The set is closed.
type Code string

// The codes. Their HTTP status is decided in one place, package web.
const (
	Unauthenticated          Code = "unauthenticated"           // no credential was presented
	InvalidToken             Code = "invalid_token"             // a credential was presented and is bad
	TokenExpired             Code = "token_expired"             // everything about the token is right, but it has expired
	ReauthenticationRequired Code = "reauthentication_required" // signed in, but too long ago for this route
	InvalidRequest           Code = "invalid_request"           // the request itself is malformed
	IdentityMismatch         Code = "identity_mismatch"         // the body contradicts what is signed
	TokenTooLarge            Code = "token_too_large"           // the token does not fit into a cookie
	CrossOrigin              Code = "cross_origin"              // an unsafe request from a foreign origin
	AccountDisabled          Code = "account_disabled"          // the user is disabled
	RegistrationClosed       Code = "registration_closed"       // unknown identity, and new ones are not taken
	NotRegistered            Code = "not_registered"            // a good provider token of an identity without a user
	InsufficientScope        Code = "insufficient_scope"        // signed in, but not in the way the route demands
	UserInUse                Code = "user_in_use"               // rows of the application reference the user
	NotFound                 Code = "not_found"
	MethodNotAllowed         Code = "method_not_allowed"
	PayloadTooLarge          Code = "payload_too_large"
	UnsupportedMediaType     Code = "unsupported_media_type"
	RateLimited              Code = "rate_limited"
	Internal                 Code = "internal"                // our own fault
	TemporarilyUnavailable   Code = "temporarily_unavailable" // we could not check
)

// Error is an error with a code.
type Error struct {
	// Code is what the client is told.
	Code Code

	// Reason is what the log is told: a stable word in snake_case such as
	// "wrong_audience". It names the cause within Code.
	Reason string

	// RetryAfter says when another attempt makes sense. Zero means the
	// default of whoever renders the error.
	RetryAfter time.Duration

	// MaxAge is how recent the authentication must be, where Code is
	// ReauthenticationRequired.
	MaxAge time.Duration

	// Err is the cause, if there is one.
	Err error
}

// New returns an error with a code and the reason for the log.
func New(code Code, reason string) *Error {
	return &Error{Code: code, Reason: reason}
}

// Wrap returns an error with a code, the reason for the log, and its cause.
func Wrap(code Code, reason string, err error) *Error {
	return &Error{Code: code, Reason: reason, Err: err}
}

// StoreFailed returns the error of a database that could not do or could not
// tell what it was asked.
func StoreFailed(err error) *Error {
	return Wrap(TemporarilyUnavailable, "store_failed", err)
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

// CodeOf returns the code of the first [Error] in the chain of err, and
// [Internal] for an error that has none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// ReasonOf returns the reason of the first [Error] in the chain of err, and
// "unclassified" for an error that has none.
func ReasonOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return "unclassified"
}
