package hooks_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/hooks"
)

// The case is A01.
func TestRun_Errors(t *testing.T) {
	t.Parallel()
	errHook := errors.New("hooks_test: no")
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context //nolint:containedctx // of one call
		hook   func() error
		code   autherr.Code
		reason string
	}{
		"none":        {t.Context(), func() error { return nil }, "", ""},
		"plain":       {t.Context(), func() error { return errHook }, autherr.Internal, "hook_failed"},
		"coded":       {t.Context(), func() error { return autherr.New(autherr.RegistrationClosed, "not_invited") }, autherr.RegistrationClosed, "not_invited"},
		"code":        {t.Context(), func() error { return fmt.Errorf("outer: %w", autherr.NotFound) }, autherr.NotFound, ""},
		"panic":       {t.Context(), func() error { panic(errHook) }, autherr.Internal, "hook_panicked"},
		"done":        {done, func() error { return errHook }, autherr.TemporarilyUnavailable, "hook_out_of_time"},
		"done, coded": {done, func() error { return autherr.New(autherr.RegistrationClosed, "not_invited") }, autherr.RegistrationClosed, "not_invited"},
		"done, panic": {done, func() error { panic(errHook) }, autherr.Internal, "hook_panicked"},
	} {
		err := hooks.Run(c.ctx, "OnTest", c.hook)
		if autherr.CodeOf(err) != c.code || err != nil && autherr.ReasonOf(err) != c.reason {
			t.Errorf("%s: got %v, want %q and %q", name, err, c.code, c.reason)
		}
	}
}
