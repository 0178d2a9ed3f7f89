package core_test

import (
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
)

// A11: errors and log lines contain the id that the application's proxy sent.
func TestRequestID_Header(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent []string // lines of X-Request-Id
		want string   // "": a new id
	}{
		"sent":              {[]string{"0af7651916cd43dd.8448"}, "0af7651916cd43dd.8448"},
		"longest":           {[]string{strings.Repeat("a", 128)}, strings.Repeat("a", 128)},
		"absent":            {nil, ""},
		"empty":             {[]string{""}, ""},
		"too long":          {[]string{strings.Repeat("a", 129)}, ""},
		"two lines":         {[]string{"a1", "a2"}, ""},
		"space":             {[]string{"a b"}, ""},
		"control character": {[]string{"a\x1b[31m"}, ""},
		"quote":             {[]string{`a"b`}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, func(s *core.Settings) { s.Auth.RequestIDHeader = "x-request-id" })
			var lines []string
			for _, line := range c.sent {
				lines = append(lines, "X-Request-Id", line)
			}
			r := h.call(t, "PUT", "/auth/session", "", lines...)
			var body struct {
				ID string `json:"request_id"`
			}
			decode(t, r, &body)
			if c.want != "" && body.ID != c.want || c.want == "" && len(body.ID) != 26 {
				t.Errorf("the document contains %q, want %q or a new id", body.ID, c.want)
			}
			if got := field(r, "X-Request-Id"); got != body.ID {
				t.Errorf("the header contains %q, want %q", got, body.ID)
			}
			if !strings.Contains(h.log.String(), `"request_id":"`+body.ID+`"`) {
				t.Errorf("the log does not contain %q: %s", body.ID, h.log)
			}
		})
	}
}

func TestRequestID_NotConfigured(t *testing.T) {
	t.Parallel()
	h := newHarness(t, nil)
	r := h.call(t, "PUT", "/auth/session", "", "X-Request-Id", "a1")
	if strings.Contains(string(r.Body), `"a1"`) || field(r, "X-Request-Id") != "" {
		t.Errorf("an id of the client is used: %v %s", r.Header, r.Body)
	}
}
