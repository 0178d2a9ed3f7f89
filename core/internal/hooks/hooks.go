// Package hooks runs hooks of the application.
package hooks

import (
	"context"
	"errors"
	"fmt"

	"github.com/cotterpin/cotterpin/core/autherr"
)

// Run calls a hook, which runs in a transaction, and returns its error. A code of
// the kit or of the application, and an *autherr.Error, is returned as it is. A panic
// and any other error are Internal, or TemporarilyUnavailable if ctx is done. The
// name is for the log.
func Run(ctx context.Context, name string, hook func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = autherr.Wrap(autherr.Internal, "hook_panicked", fmt.Errorf("the %s hook panicked: %v", name, p))
		}
	}()
	err = hook()
	_, coded := errors.AsType[*autherr.Error](err)
	switch {
	case err == nil, coded:
		return err
	case ctx.Err() != nil:
		return autherr.Wrap(autherr.TemporarilyUnavailable, "hook_out_of_time", fmt.Errorf("the %s hook took too long: "+
			"it must be short, and must use its Tx for this database, because other connections may wait for that transaction: %w", name, err))
	default:
		return autherr.Wrap(autherr.Internal, "hook_failed", err)
	}
}
