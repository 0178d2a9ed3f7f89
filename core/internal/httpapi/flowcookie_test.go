package httpapi_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
	"github.com/cotterpin/cotterpin/core/web"
)

// flowTime is when flows begin in the tests.
var flowTime = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// flowJar has the cookies of a browser in the order in which it sends them.
type flowJar struct {
	cookies httpapi.FlowCookies
	sent    []string
}

func newFlowJar(baseURL string) *flowJar {
	return &flowJar{cookies: httpapi.NewFlowCookies(baseURL, func() time.Time { return flowTime })}
}

// begin begins a flow that expires after some seconds, and returns the Set-Cookie
// lines that clear others.
func (j *flowJar) begin(t *testing.T, state string, seconds int) (cleared []string) {
	t.Helper()
	f := httpapi.Flow{Nonce: state, ExpiresAt: flowTime.Add(time.Duration(seconds) * time.Second)}
	lines, ok := j.cookies.Begin(j.request(), state, f)
	if !ok {
		t.Fatal("the flow does not fit")
	}
	pair, _, _ := strings.Cut(lines[0], ";")
	j.sent = append([]string{pair}, j.sent...)
	return lines[1:]
}

func (j *flowJar) request() web.Request {
	return request(http.MethodGet, "/", "h", "Cookie", strings.Join(j.sent, "; "))
}

func TestFlowCookies_Find(t *testing.T) {
	t.Parallel()
	for baseURL, prefix := range map[string]string{"https://a.example": "__Host-login_", "http://localhost:8080": "cotterpin_login_"} {
		j := newFlowJar(baseURL)
		j.begin(t, "a", 1)
		j.begin(t, "b", 2)
		j.begin(t, "expired", 0)
		if !strings.HasPrefix(j.sent[0], prefix) {
			t.Errorf("%s: the cookie is %q", baseURL, j.sent[0])
		}
		for state, want := range map[string]bool{"a": true, "b": true, "expired": false, "c": false, "": false} {
			if f, ok := j.cookies.Find(j.request(), state); ok != want || ok && f.Nonce != state {
				t.Errorf("%s: state %q: got %+v, %t, want %t", baseURL, state, f, ok, want)
			}
		}
		j.sent = append(j.sent, j.sent[1])
		if _, ok := j.cookies.Find(j.request(), "b"); ok {
			t.Errorf("%s: two cookies of one state are accepted", baseURL)
		}
	}
}

// TestFlowCookies_Begin keeps the five youngest flows, in whatever order the browser
// sends them.
func TestFlowCookies_Begin(t *testing.T) {
	t.Parallel()
	j := newFlowJar("https://a.example")
	for i := range 5 {
		if cleared := j.begin(t, strconv.Itoa(i), 10+i); len(cleared) != 0 {
			t.Errorf("flow %d clears %q", i, cleared)
		}
	}
	want := j.cookies.Clear("0")
	if cleared := j.begin(t, "5", 15); len(cleared) != 1 || cleared[0] != want {
		t.Errorf("the sixth flow clears %q, want %q", cleared, want)
	}
	j.sent = append([]string{"__Host-login_x=garbage", "__Host-login=1", "a=b"}, j.sent[:5]...)
	if cleared := j.begin(t, "6", 16); len(cleared) != 2 || !strings.HasPrefix(cleared[0], "__Host-login_x=; Path=/; Max-Age=0") || cleared[1] != j.cookies.Clear("1") {
		t.Errorf("a flow clears %q, want what is no flow, and the oldest", cleared)
	}
}

func TestFlowCookies_TooLarge(t *testing.T) {
	t.Parallel()
	j := newFlowJar("https://a.example")
	if _, ok := j.cookies.Begin(j.request(), "a", httpapi.Flow{ReturnTo: strings.Repeat("&", 2048)}); !ok {
		t.Error("a return URL of 2048 bytes does not fit")
	}
	if _, ok := j.cookies.Begin(j.request(), "a", httpapi.Flow{ReturnTo: strings.Repeat("%C3", 2048)}); ok {
		t.Error("a cookie that browsers do not store is set")
	}
}
