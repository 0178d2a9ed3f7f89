package httpapi

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/web"
)

// Realm is the realm of every challenge (RFC 9110, section 11.5).
const Realm = "cotterpin"

// answer is how a code looks from outside.
type answer struct {
	status int
	title  string
}

// answers is the only place where codes become status codes.
var answers = map[autherr.Code]answer{
	autherr.Unauthenticated:          {http.StatusUnauthorized, "Sign in first"},
	autherr.InvalidToken:             {http.StatusUnauthorized, "The credential is not valid"},
	autherr.TokenExpired:             {http.StatusUnauthorized, "The credential has expired"},
	autherr.ReauthenticationRequired: {http.StatusUnauthorized, "Sign in again"},
	autherr.InvalidRequest:           {http.StatusBadRequest, "The request is malformed"},
	autherr.IdentityMismatch:         {http.StatusBadRequest, "The request contradicts what is signed"},
	autherr.TokenTooLarge:            {http.StatusBadRequest, "The token does not fit into a cookie"},
	autherr.CrossOrigin:              {http.StatusForbidden, "Requests from this origin are not allowed"},
	autherr.AccountDisabled:          {http.StatusForbidden, "The account is disabled"},
	autherr.RegistrationClosed:       {http.StatusForbidden, "Registration is closed"},
	autherr.NotRegistered:            {http.StatusForbidden, "The identity is not registered"},
	autherr.InsufficientScope:        {http.StatusForbidden, "This sign-in does not suffice here"},
	autherr.UserInUse:                {http.StatusConflict, "The user is still in use"},
	autherr.NotFound:                 {http.StatusNotFound, "There is nothing here"},
	autherr.MethodNotAllowed:         {http.StatusMethodNotAllowed, "The method is not allowed here"},
	autherr.PayloadTooLarge:          {http.StatusRequestEntityTooLarge, "The body is too large"},
	autherr.UnsupportedMediaType:     {http.StatusUnsupportedMediaType, "The body must be plain application/json"},
	autherr.RateLimited:              {http.StatusTooManyRequests, "Too many refused attempts"},
	autherr.Internal:                 {http.StatusInternalServerError, "Something went wrong"},
	autherr.TemporarilyUnavailable:   {http.StatusServiceUnavailable, "This cannot be checked now"},
}

// defaultRetryAfter is when to try again where an error does not say.
const defaultRetryAfter = 5 * time.Second

// StatusOf returns the HTTP status of an error.
func StatusOf(err error) int { return answers[autherr.CodeOf(err)].status }

// problem is a problem document (RFC 9457).
type problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Code      autherr.Code `json:"code"`
	RequestID string       `json:"request_id"`
	Detail    string       `json:"detail,omitempty"`
}

// Problem returns the response to an error. Its bytes tell the code and nothing
// else about the error; in development they also bear its reason. status is
// [StatusOf] the error, but for what a framework refused before the kit saw it.
func Problem(status int, err error, requestID string, development bool) web.Response {
	code := autherr.CodeOf(err)
	document := problem{
		Type:      "urn:problem-type:cotterpin:" + string(code),
		Title:     answers[code].title,
		Status:    status,
		Code:      code,
		RequestID: requestID,
	}
	if development {
		document.Detail = autherr.ReasonOf(err)
	}
	r := web.JSON(status, document).With("Content-Type", "application/problem+json")
	if c := challenge(err, code); c != "" {
		r = r.With("Www-Authenticate", c)
	}
	if after := retryAfter(err, code); after > 0 {
		r = r.With("Retry-After", seconds(after))
	}
	return r
}

// challenge returns the WWW-Authenticate value of RFC 6750, section 3, and RFC
// 9470, section 3; "" where the code bears none.
func challenge(err error, code autherr.Code) string {
	const bearer = `Bearer realm="` + Realm + `"`
	switch code {
	case autherr.Unauthenticated:
		return bearer
	case autherr.InvalidToken, autherr.TokenExpired:
		return bearer + `, error="invalid_token"`
	case autherr.InsufficientScope:
		return bearer + `, error="insufficient_scope"`
	case autherr.ReauthenticationRequired:
		c := bearer + `, error="insufficient_user_authentication"`
		if e, ok := errors.AsType[*autherr.Error](err); ok && e.MaxAge > 0 {
			c += `, max_age="` + seconds(e.MaxAge) + `"`
		}
		return c
	default:
		return ""
	}
}

// retryAfter returns when to try again; zero where the code does not say.
func retryAfter(err error, code autherr.Code) time.Duration {
	if code != autherr.TemporarilyUnavailable && code != autherr.RateLimited {
		return 0
	}
	if e, ok := errors.AsType[*autherr.Error](err); ok && e.RetryAfter > 0 {
		return e.RetryAfter
	}
	return defaultRetryAfter
}

// seconds returns whole seconds, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(math.Ceil(d.Seconds())), 10)
}
