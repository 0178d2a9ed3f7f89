package autherr

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"sync"
)

// Code identifies an error to the client. It is an error itself, so that
// errors.Is finds it and a function may return it. A code that was not declared
// is rendered as [Internal].
type Code string

// The codes of the kit, each with its HTTP status and title.
var (
	Unauthenticated          = declare("unauthenticated", http.StatusUnauthorized, "Sign in first") // no credential
	InvalidToken             = declare("invalid_token", http.StatusUnauthorized, "The credential is not valid")
	TokenExpired             = declare("token_expired", http.StatusUnauthorized, "The credential has expired") // and is valid otherwise
	ReauthenticationRequired = declare("reauthentication_required", http.StatusUnauthorized, "Sign in again")  // RFC 9470
	InvalidRequest           = declare("invalid_request", http.StatusBadRequest, "The request is malformed")
	IdentityMismatch         = declare("identity_mismatch", http.StatusBadRequest, "The request contradicts what is signed")
	TokenTooLarge            = declare("token_too_large", http.StatusBadRequest, "The token does not fit into a cookie")
	CrossOrigin              = declare("cross_origin", http.StatusForbidden, "Requests from this origin are not allowed")
	AccountDisabled          = declare("account_disabled", http.StatusForbidden, "The account is disabled")
	RegistrationClosed       = declare("registration_closed", http.StatusForbidden, "Registration is closed")
	ProviderDraining         = declare("provider_draining", http.StatusForbidden, "New users sign in another way")
	NotRegistered            = declare("not_registered", http.StatusForbidden, "The identity is not registered")
	InsufficientScope        = declare("insufficient_scope", http.StatusForbidden, "This sign-in does not suffice here")
	MachineCaller            = declare("machine_caller", http.StatusForbidden, "This is for users, and the caller is a machine")
	UserInUse                = declare("user_in_use", http.StatusConflict, "The user is still in use") // Users.Delete
	AccountExists            = declare("account_exists", http.StatusConflict, "There is an account with this address")
	IdentityInUse            = declare("identity_in_use", http.StatusConflict, "Another user signs in with this")
	ExternalIDInUse          = declare("external_id_in_use", http.StatusConflict, "Another user has this id") // Users.Create, Users.SetExternalID
	LastIdentity             = declare("last_identity", http.StatusConflict, "This is the only way to sign in")
	NotFound                 = declare("not_found", http.StatusNotFound, "There is nothing here")
	MethodNotAllowed         = declare("method_not_allowed", http.StatusMethodNotAllowed, "The method is not allowed here")
	PayloadTooLarge          = declare("payload_too_large", http.StatusRequestEntityTooLarge, "The body is too large")
	UnsupportedMediaType     = declare("unsupported_media_type", http.StatusUnsupportedMediaType, "The body has another media type, or a content coding")
	RateLimited              = declare("rate_limited", http.StatusTooManyRequests, "Too many refused attempts")
	Internal                 = declare("internal", http.StatusInternalServerError, "Something went wrong")
	TemporarilyUnavailable   = declare("temporarily_unavailable", http.StatusServiceUnavailable, "This cannot be checked now")
)

// Define declares a code of the application, with which its handlers and hooks
// fail as the kit does. status is between 400 and 499; title is a sentence for
// the client.
//
//	var EmailNotVerified = autherr.Define("email_not_verified", http.StatusForbidden, "Verify your email address first")
//
// Define is called in the declaration of a package variable. It panics if the
// name is not in snake_case or already declared, if the status is out of range,
// and if there is no title.
func Define(name string, status int, title string) Code {
	if status < 400 || status > 499 {
		panic(fmt.Sprintf("autherr: code %q has status %d; an application's code has a status between 400 and 499", name, status))
	}
	if !snakeCase.MatchString(name) {
		panic(fmt.Sprintf("autherr: code %q is not in snake_case", name))
	}
	if title == "" {
		panic(fmt.Sprintf("autherr: code %q has no title", name))
	}
	return declare(name, status, title)
}

var snakeCase = regexp.MustCompile(`\A[a-z][a-z0-9]*(_[a-z0-9]+)*\z`)

// Codes returns the declared codes, sorted: those of the kit and of the
// application.
func Codes() []Code {
	declarations.RLock()
	defer declarations.RUnlock()
	return slices.Sorted(maps.Keys(declarations.of))
}

// Status returns the HTTP status of responses with that code.
func (c Code) Status() int { return c.declaration().status }

// Title returns the code's meaning as a sentence for the client.
func (c Code) Title() string { return c.declaration().title }

// Error returns the code.
func (c Code) Error() string { return string(c) }

// As makes a code that is used as an error an [Error] with that code.
func (c Code) As(target any) bool {
	e, ok := target.(**Error)
	if ok {
		*e = New(c, "")
	}
	return ok
}

type declaration struct {
	status int
	title  string
}

// declarations contains what [Define] and this package declared.
var declarations = struct {
	sync.RWMutex

	of map[Code]declaration
}{of: map[Code]declaration{}}

func declare(name string, status int, title string) Code {
	declarations.Lock()
	defer declarations.Unlock()
	code := Code(name)
	if _, twice := declarations.of[code]; twice {
		panic(fmt.Sprintf("autherr: code %q is declared twice", name))
	}
	declarations.of[code] = declaration{status, title}
	return code
}

func (c Code) declared() bool {
	declarations.RLock()
	defer declarations.RUnlock()
	_, ok := declarations.of[c]
	return ok
}

// declaration returns that of Internal for a code that was not declared.
func (c Code) declaration() declaration {
	declarations.RLock()
	defer declarations.RUnlock()
	if d, ok := declarations.of[c]; ok {
		return d
	}
	return declarations.of[Internal]
}
