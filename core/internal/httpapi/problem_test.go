package httpapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// statuses are those of the contract.
var statuses = map[autherr.Code]int{
	autherr.Unauthenticated: 401, autherr.InvalidToken: 401, autherr.TokenExpired: 401, autherr.ReauthenticationRequired: 401,
	autherr.InvalidRequest: 400, autherr.IdentityMismatch: 400, autherr.TokenTooLarge: 400,
	autherr.CrossOrigin: 403, autherr.InsufficientScope: 403, autherr.MachineCaller: 403,
	autherr.AccountDisabled: 403, autherr.RegistrationClosed: 403, autherr.NotRegistered: 403,
	autherr.ProviderDraining: 403, autherr.AccountExists: 409, autherr.IdentityInUse: 409, autherr.LastIdentity: 409,
	autherr.UserInUse: 409, autherr.ExternalIDInUse: 409, autherr.NotFound: 404,
	autherr.MethodNotAllowed: 405, autherr.PayloadTooLarge: 413, autherr.UnsupportedMediaType: 415,
	autherr.RateLimited: 429, autherr.Internal: 500, autherr.TemporarilyUnavailable: 503,

	signInAtTheDesk: 401, quotaExceeded: 429,
}

var (
	signInAtTheDesk = autherr.Define("sign_in_at_the_desk", http.StatusUnauthorized, "Sign in at the desk")
	quotaExceeded   = autherr.Define("quota_exceeded", http.StatusTooManyRequests, "The quota is used up")
)

func field(r web.Response, name string) string {
	for _, f := range r.Header {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func TestProblem_EachCode(t *testing.T) {
	t.Parallel()
	for _, code := range autherr.Codes() {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			status, ok := statuses[code]
			if !ok {
				t.Fatal("the code is not in the test's table")
			}
			r := httpapi.Problem(status, autherr.New(code, "some_reason"), "id-1", false)
			if got := httpapi.StatusOf(autherr.New(code, "some_reason")); got != status {
				t.Errorf("got status %d, want %d", got, status)
			}
			var document map[string]any
			if err := json.Unmarshal(r.Body, &document); err != nil {
				t.Fatal(err)
			}
			if r.Status != status || document["status"] != float64(status) || document["code"] != string(code) ||
				document["type"] != "urn:problem-type:cotterpin:"+string(code) || document["request_id"] != "id-1" ||
				document["title"] != code.Title() || len(document) != 5 {
				t.Errorf("got %d %s", r.Status, r.Body)
			}
			if got := field(r, "Content-Type"); got != "application/problem+json" {
				t.Errorf("got Content-Type %s", got)
			}
			if challenged := field(r, "Www-Authenticate") != ""; challenged != (status == 401 || code == autherr.InsufficientScope) {
				t.Errorf("WWW-Authenticate present: %v", challenged)
			}
			if again := field(r, "Retry-After") != ""; again != (status == 429 || status == 503) {
				t.Errorf("Retry-After present: %v", again)
			}
		})
	}
}

// A01.
func TestProblem_UndeclaredCode(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"undeclared": autherr.New("undeclared", "some_reason"),
		"empty code": &autherr.Error{},
		"no code":    errors.New("pq: relation does not exist"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httpapi.Problem(httpapi.StatusOf(err), err, "id", true)
			if r.Status != http.StatusInternalServerError || !strings.Contains(string(r.Body), `"code":"internal"`) ||
				strings.Contains(string(r.Body), "relation") {
				t.Errorf("got %d %s, want internal", r.Status, r.Body)
			}
		})
	}
}

func TestProblem_HidesCause(t *testing.T) {
	t.Parallel()
	one := httpapi.Problem(401, &autherr.Error{Code: autherr.InvalidToken, Reason: "wrong_audience", Detail: "secret detail"}, "id", false)
	two := httpapi.Problem(401, autherr.Wrap(autherr.InvalidToken, "bad_signature", errors.New("secret cause")), "id", false)
	if string(one.Body) != string(two.Body) {
		t.Errorf("two causes of a code differ:\n%s\n%s", one.Body, two.Body)
	}
}

func TestProblem_DetailInDevelopment(t *testing.T) {
	t.Parallel()
	err := &autherr.Error{Code: autherr.CrossOrigin, Reason: "foreign_origin", Err: errors.New("secret cause")}
	for want, detail := range map[string]string{
		`"detail":"foreign_origin"`:             "",
		`"detail":"foreign_origin: \"a\" is b"`: `"a" is b`,
	} {
		err.Detail = detail
		r := httpapi.Problem(403, err, "id", true)
		if !strings.Contains(string(r.Body), want) || strings.Contains(string(r.Body), "secret cause") {
			t.Errorf("got %s, want %s", r.Body, want)
		}
	}
}

func TestProblem_MaxAgeChallenge(t *testing.T) {
	t.Parallel()
	r := httpapi.Problem(401, &autherr.Error{Code: autherr.ReauthenticationRequired, MaxAge: 10 * time.Minute}, "id", false)
	want := `Bearer realm="cotterpin", error="insufficient_user_authentication", max_age="600"`
	if got := field(r, "Www-Authenticate"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestProblem_RetryAfter(t *testing.T) {
	t.Parallel()
	r := httpapi.Problem(503, &autherr.Error{Code: autherr.TemporarilyUnavailable, RetryAfter: 1500 * time.Millisecond}, "id", false)
	if got := field(r, "Retry-After"); got != "2" {
		t.Errorf("got %q, want 1.5 s rounded up", got)
	}
}

func TestResponse_SingleLineValues(t *testing.T) {
	t.Parallel()
	r := web.NoContent().With("X-Test", "one\r\nX-Evil: 1").WithCookie("a=b\nSet-Cookie: c=d")
	w := httptest.NewRecorder()
	r.WriteHTTP(w)
	if got := w.Header().Get("X-Test"); got != "one" {
		t.Errorf("got X-Test %q", got)
	}
	if got := w.Header()["Set-Cookie"]; !slices.Equal(got, []string{"a=b"}) {
		t.Errorf("got Set-Cookie %q", got)
	}
	if w.Code != http.StatusNoContent || w.Header().Get("Content-Length") != "" {
		t.Errorf("got %d %v, want 204 without Content-Length", w.Code, w.Header())
	}
}

func TestResponse_WithCopies(t *testing.T) {
	t.Parallel()
	one := web.JSON(200, "x")
	two := one.With("Cache-Control", "public").WithCookie("a=b")
	if field(one, "Cache-Control") != "no-store" || len(one.Cookies) != 0 || field(two, "Cache-Control") != "public" {
		t.Errorf("the original changed:\n%v\n%v", one, two)
	}
	if field(web.NoContent(), "Cache-Control") != "no-store" {
		t.Error("the shared fields changed")
	}
}
