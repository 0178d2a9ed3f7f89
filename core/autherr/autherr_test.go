package autherr_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
)

func TestCodeAndReasonAreFoundThroughWrapping(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := fmt.Errorf("outer: %w", autherr.Wrap(autherr.InvalidToken, "bad_signature", cause))
	if autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != "bad_signature" || !errors.Is(err, cause) {
		t.Errorf("%v: %s %s", err, autherr.CodeOf(err), autherr.ReasonOf(err))
	}
	if want := "outer: invalid_token (bad_signature): cause"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestAnErrorWithoutCodeIsInternal(t *testing.T) {
	t.Parallel()
	err := errors.New("something")
	if autherr.CodeOf(err) != autherr.Internal || autherr.ReasonOf(err) != "unclassified" {
		t.Errorf("%s %s", autherr.CodeOf(err), autherr.ReasonOf(err))
	}
	if got := autherr.New(autherr.NotFound, "").Error(); got != "not_found" {
		t.Error(got)
	}
}
