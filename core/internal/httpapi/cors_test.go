package httpapi_test

import (
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/internal/httpapi"
)

// A21: the bound of 1,024 bytes.
func TestRequestedHeaders_Bound(t *testing.T) {
	t.Parallel()
	const own = "Authorization, Content-Type"
	for name, c := range map[string]struct{ requested, want string }{
		"none":               {"", own},
		"one":                {"X-Trace", own + ", X-Trace"},
		"several":            {"x-trace,content_type, X-1", own + ", x-trace,content_type, X-1"},
		"1024 bytes":         {strings.Repeat("x", 1024), own + ", " + strings.Repeat("x", 1024)},
		"1025 bytes":         {strings.Repeat("x", 1025), own},
		"wildcard":           {"*", own},
		"not a field name":   {"X-Trace: 1", own},
		"not ASCII":          {"X-Tr\u00e4ce", own},
		"line break":         {"X-Trace\r\nSet-Cookie", own},
		"line break in UTF8": {"X-Trace\u2028", own},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request("OPTIONS", "/", "h", "Access-Control-Request-Headers", c.requested)
			if got := httpapi.RequestedHeaders(r); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
