package httpapi_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

var statuses = map[autherr.Code]int{
	autherr.Unauthenticated: 401, autherr.InvalidToken: 401, autherr.TokenExpired: 401, autherr.ReauthenticationRequired: 401,
	autherr.InvalidRequest: 400, autherr.IdentityMismatch: 400, autherr.TokenTooLarge: 400,
	autherr.CrossOrigin: 403, autherr.InsufficientScope: 403,
	autherr.AccountDisabled: 403, autherr.RegistrationClosed: 403, autherr.NotRegistered: 403,
	autherr.NotFound: 404, autherr.MethodNotAllowed: 405, autherr.PayloadTooLarge: 413, autherr.UnsupportedMediaType: 415,
	autherr.RateLimited: 429, autherr.Internal: 500, autherr.TemporarilyUnavailable: 503,
}

func field(r web.Response, name string) string {
	for _, f := range r.Header {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func TestProblemOfEveryCode(t *testing.T) {
	t.Parallel()
	for code, status := range statuses {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			r := httpapi.Problem(status, autherr.New(code, "some_reason"), "id-1", false)
			if got := httpapi.StatusOf(autherr.New(code, "some_reason")); got != status {
				t.Errorf("status %d", got)
			}
			var document map[string]any
			if err := json.Unmarshal(r.Body, &document); err != nil {
				t.Fatal(err)
			}
			title, _ := document["title"].(string)
			if r.Status != status || document["status"] != float64(status) || document["code"] != string(code) ||
				document["type"] != "urn:problem-type:cotterpin:"+string(code) || document["request_id"] != "id-1" || title == "" || len(document) != 5 {
				t.Errorf("%d %s", r.Status, r.Body)
			}
			if got := field(r, "Content-Type"); got != "application/problem+json" {
				t.Error(got)
			}
			if challenged := field(r, "Www-Authenticate") != ""; challenged != (status == 401 || code == autherr.InsufficientScope) {
				t.Errorf("challenged: %v", challenged)
			}
			if again := field(r, "Retry-After") != ""; again != (status == 429 || status == 503) {
				t.Errorf("Retry-After: %v", again)
			}
		})
	}
}

func TestProblemTellsNoCause(t *testing.T) {
	t.Parallel()
	one := httpapi.Problem(401, autherr.New(autherr.InvalidToken, "wrong_audience"), "id", false)
	two := httpapi.Problem(401, autherr.Wrap(autherr.InvalidToken, "bad_signature", errors.New("secret detail")), "id", false)
	if string(one.Body) != string(two.Body) {
		t.Errorf("%s\n%s", one.Body, two.Body)
	}
	development := httpapi.Problem(401, autherr.Wrap(autherr.InvalidToken, "bad_signature", errors.New("secret detail")), "id", true)
	if !strings.Contains(string(development.Body), `"detail":"bad_signature"`) || strings.Contains(string(development.Body), "secret detail") {
		t.Errorf("%s", development.Body)
	}
	if foreign := httpapi.Problem(500, errors.New("pq: relation does not exist"), "id", true); foreign.Status != 500 || strings.Contains(string(foreign.Body), "relation") {
		t.Errorf("%d %s", foreign.Status, foreign.Body)
	}
}

func TestChallengeOfAMaxAgeGuard(t *testing.T) {
	t.Parallel()
	r := httpapi.Problem(401, &autherr.Error{Code: autherr.ReauthenticationRequired, MaxAge: 10 * time.Minute}, "id", false)
	want := `Bearer realm="cotterpin", error="insufficient_user_authentication", max_age="600"`
	if got := field(r, "Www-Authenticate"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	t.Parallel()
	r := httpapi.Problem(503, &autherr.Error{Code: autherr.TemporarilyUnavailable, RetryAfter: 1500 * time.Millisecond}, "id", false)
	if got := field(r, "Retry-After"); got != "2" {
		t.Error(got)
	}
}

func TestHeaderValuesAreOneLine(t *testing.T) {
	t.Parallel()
	r := web.NoContent().With("X-Test", "good\r\nX-Evil: 1").WithCookie("a=b\nSet-Cookie: c=d")
	w := httptest.NewRecorder()
	r.WriteHTTP(w)
	if got := w.Header().Get("X-Test"); got != "good" {
		t.Errorf("%q", got)
	}
	if got := w.Header()["Set-Cookie"]; len(got) != 1 || got[0] != "a=b" {
		t.Errorf("%q", got)
	}
	if w.Code != http.StatusNoContent || w.Header().Get("Content-Length") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestWithLeavesTheOriginalAlone(t *testing.T) {
	t.Parallel()
	one := web.JSON(200, "x")
	two := one.With("Cache-Control", "public").WithCookie("a=b")
	if field(one, "Cache-Control") != "no-store" || len(one.Cookies) != 0 || field(two, "Cache-Control") != "public" {
		t.Errorf("%v\n%v", one, two)
	}
	if field(web.NoContent(), "Cache-Control") != "no-store" {
		t.Error("the shared fields were changed")
	}
}
