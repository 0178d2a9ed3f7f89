// Package httpapi contains the HTTP rules of the kit's routes: problem documents
// (RFC 9457), the session cookie, CORS, the cross-origin rule, the client's
// address, and requests of frameworks that reuse their buffers.
package httpapi

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/web"
)

// Realm is the realm of each challenge (RFC 9110, section 11.5).
const Realm = "cotterpin"

// defaultRetryAfter is the Retry-After of an error that does not specify one.
const defaultRetryAfter = 5 * time.Second

// StatusOf returns the HTTP status of an error.
func StatusOf(err error) int { return autherr.CodeOf(err).Status() }

// problem is a problem document (RFC 9457).
type problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Code      autherr.Code `json:"code"`
	RequestID string       `json:"request_id"`
	Detail    string       `json:"detail,omitempty"`
}

// Problem returns the response to an error. It contains the error's code, and in
// development mode its reason and detail. status is [StatusOf] the error, except
// for requests that the framework rejected before the kit.
func Problem(status int, err error, requestID string, development bool) web.Response {
	code := autherr.CodeOf(err)
	document := problem{
		Type:      "urn:problem-type:cotterpin:" + string(code),
		Title:     code.Title(),
		Status:    status,
		Code:      code,
		RequestID: requestID,
	}
	if development {
		document.Detail = detail(err)
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

func detail(err error) string {
	text := autherr.ReasonOf(err)
	if e, ok := errors.AsType[*autherr.Error](err); ok && e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// challenge returns the WWW-Authenticate value of RFC 6750, section 3, and RFC
// 9470, section 3; "" where the code requires none. Each 401 requires one (RFC
// 9110, section 15.5.2).
func challenge(err error, code autherr.Code) string {
	const bearer = `Bearer realm="` + Realm + `"`
	switch code {
	case autherr.InvalidToken, autherr.TokenExpired:
		return bearer + `, error="invalid_token"`
	case autherr.InsufficientScope:
		return bearer + `, error="insufficient_scope"`
	case autherr.ReauthenticationRequired:
		return bearer + `, error="insufficient_user_authentication"` + stepUp(err)
	}
	if code.Status() == http.StatusUnauthorized {
		return bearer
	}
	return ""
}

// stepUp returns the parameters of a challenge that describe the authentication
// that is required.
func stepUp(err error) (parameters string) {
	e, ok := errors.AsType[*autherr.Error](err)
	if !ok {
		return ""
	}
	if values := slices.DeleteFunc(slices.Clone(e.ACRValues), isUnquotable); len(values) > 0 {
		parameters = `, acr_values="` + strings.Join(values, " ") + `"`
	}
	if e.MaxAge > 0 {
		parameters += `, max_age="` + seconds(e.MaxAge) + `"`
	}
	return parameters
}

// isUnquotable reports whether a value is not one of a list that is separated by
// spaces, in a quoted string without escapes (RFC 6749, section 3.3: scope-token).
func isUnquotable(value string) bool {
	return value == "" || strings.ContainsFunc(value, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '"' || r == '\\'
	})
}

// retryAfter returns when to retry; zero where the code does not permit it.
func retryAfter(err error, code autherr.Code) time.Duration {
	if status := code.Status(); status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests {
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
