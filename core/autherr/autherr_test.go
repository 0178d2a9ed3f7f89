package autherr_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
)

var quotaExceeded = autherr.Define("quota_exceeded", http.StatusTooManyRequests, "The quota is used up")

func TestCodeOf_Chain(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	coded := autherr.Wrap(autherr.InvalidToken, "bad_signature", cause)
	for name, c := range map[string]struct {
		err    error
		code   autherr.Code
		reason string
	}{
		"error":            {coded, autherr.InvalidToken, "bad_signature"},
		"wrapped error":    {fmt.Errorf("outer: %w", coded), autherr.InvalidToken, "bad_signature"},
		"outer error wins": {autherr.Wrap(autherr.Internal, "hook_failed", coded), autherr.Internal, "hook_failed"},
		"code":             {quotaExceeded, quotaExceeded, ""},
		"wrapped code":     {fmt.Errorf("outer: %w", quotaExceeded), quotaExceeded, ""},
		"first of several": {fmt.Errorf("%w: %w", quotaExceeded, coded), quotaExceeded, ""},
		"no code":          {cause, autherr.Internal, "unclassified"},
		"undeclared":       {autherr.New("undeclared", "some_reason"), autherr.Internal, "some_reason"},
		"undeclared code":  {autherr.Code("undeclared"), autherr.Internal, ""},
		"empty code":       {&autherr.Error{}, autherr.Internal, ""},
		"nil":              {nil, "", "unclassified"}, // A07
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if code, reason := autherr.CodeOf(c.err), autherr.ReasonOf(c.err); code != c.code || reason != c.reason {
				t.Errorf("got %q and %q, want %q and %q", code, reason, c.code, c.reason)
			}
		})
	}
}

// A07.
func TestError_Is(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("outer: %w", autherr.New(autherr.NotFound, "unknown_session"))
	if !errors.Is(err, autherr.NotFound) || errors.Is(err, autherr.InvalidToken) || errors.Is(err, errors.New("not_found")) {
		t.Errorf("%v: errors.Is does not match exactly the code", err)
	}
	cause := errors.New("cause")
	if !errors.Is(autherr.Wrap(autherr.NotFound, "unknown_session", cause), cause) {
		t.Error("errors.Is does not find the cause")
	}
	if !errors.Is(fmt.Errorf("outer: %w", quotaExceeded), quotaExceeded) || errors.Is(quotaExceeded, autherr.NotFound) {
		t.Error("errors.Is does not match exactly a code that is an error itself")
	}
}

func TestError_Error(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"invalid_token (bad_signature): cause": autherr.Wrap(autherr.InvalidToken, "bad_signature", errors.New("cause")),
		"not_found":                            autherr.New(autherr.NotFound, ""),
		"quota_exceeded":                       quotaExceeded,
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Cases: T22.
func TestError_WithValues(t *testing.T) {
	t.Parallel()
	err := autherr.New(autherr.InvalidToken, "wrong_issuer")
	if _, _, compared := err.Values(); compared {
		t.Error("a new error has values")
	}
	for value, want := range map[string]string{
		"":                                 "",
		"https://id.example.com/":          "https://id.example.com/",
		"ü":                                "ü",
		"a\r\nlevel=ERROR \x1b[31m\x00":    `a\r\nlevel=ERROR \x1b[31m\x00`,
		"\u202e\xff":                       `\u202e` + "\ufffd",
		strings.Repeat("a", 200):           strings.Repeat("a", 200),
		strings.Repeat("a", 201):           strings.Repeat("a", 200),
		strings.Repeat("a", 199) + "ü":     strings.Repeat("a", 199),
		strings.Repeat("a", 198) + "\n\n":  strings.Repeat("a", 198) + `\n`,
		strings.Repeat("a", 199) + "\nbbb": strings.Repeat("a", 199),
	} {
		if expected, found, compared := err.WithValues(value, value).Values(); expected != want || found != want || !compared {
			t.Errorf("%q: got %q and %q, want %q", value, expected, found, want)
		}
	}
	if expected, found, _ := err.WithValues("a", "b").Values(); expected != "a" || found != "b" {
		t.Errorf("got %q and %q, want the expected and the found value", expected, found)
	}
	if text := err.WithValues("expected", "canary").Error(); text != "invalid_token (wrong_issuer)" {
		t.Errorf("the error string is %q, want one without values", text)
	}
}

func TestDefine_StatusAndTitle(t *testing.T) {
	t.Parallel()
	if quotaExceeded.Status() != http.StatusTooManyRequests || quotaExceeded.Title() != "The quota is used up" {
		t.Errorf("got %d %q", quotaExceeded.Status(), quotaExceeded.Title())
	}
	undeclared := autherr.Code("undeclared")
	if undeclared.Status() != http.StatusInternalServerError || undeclared.Title() != autherr.Internal.Title() {
		t.Errorf("an undeclared code: got %d %q, want those of internal", undeclared.Status(), undeclared.Title())
	}
}

func TestDefine_Panics(t *testing.T) {
	t.Parallel()
	autherr.Define("of_test_define", http.StatusBadRequest, "A title") // a sound definition passes
	autherr.Define("of_test_define_2", 499, "A title")
	for name, define := range map[string]func(){
		"declared twice":    func() { autherr.Define("of_test_define", http.StatusBadRequest, "A title") },
		"the kit's own":     func() { autherr.Define("invalid_token", http.StatusBadRequest, "A title") },
		"success":           func() { autherr.Define("of_test_1", http.StatusOK, "A title") },
		"status below 400":  func() { autherr.Define("of_test_1", 399, "A title") },
		"status above 499":  func() { autherr.Define("of_test_1", 500, "A title") },
		"no title":          func() { autherr.Define("of_test_1", http.StatusBadRequest, "") },
		"no name":           func() { autherr.Define("", http.StatusBadRequest, "A title") },
		"capital letters":   func() { autherr.Define("OfTest", http.StatusBadRequest, "A title") },
		"trailing line":     func() { autherr.Define("of_test_1\n", http.StatusBadRequest, "A title") },
		"double underscore": func() { autherr.Define("of__test", http.StatusBadRequest, "A title") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("the definition was accepted")
				}
			}()
			define()
		})
	}
}

func TestCodes_Sorted(t *testing.T) {
	t.Parallel()
	codes := autherr.Codes()
	found := map[autherr.Code]bool{}
	for i, code := range codes {
		found[code] = true
		if i > 0 && codes[i-1] >= code {
			t.Errorf("%q is listed before %q", codes[i-1], code)
		}
		if code.Status() < 400 || code.Title() == "" {
			t.Errorf("%q has status %d and title %q", code, code.Status(), code.Title())
		}
	}
	if !found[autherr.InvalidToken] || !found[quotaExceeded] || found["undeclared"] {
		t.Errorf("got %q, want the kit's codes and the application's", codes)
	}
}
