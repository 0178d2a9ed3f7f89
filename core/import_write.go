package core

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
)

// write writes all lines, which have passed the check.
func (i *importer) write(ctx context.Context, file io.Reader) (ImportResult, error) {
	total := i.result.Lines
	written := ImportResult{Rejections: i.result.Rejections}
	err := readLines(file, importBatch, func(lines []numberedLine) error {
		outcomes, err := i.writeBatch(ctx, lines)
		if err != nil {
			return err
		}
		written.Lines += len(lines)
		for _, o := range outcomes {
			written.add(o)
		}
		i.options.Progress(written.Lines, total)
		return nil
	})
	return written, err
}

// maxImportAttempts bounds the attempts of a batch while logins and other imports
// register the same users.
const maxImportAttempts = 10

// writeBatch writes lines in one transaction. After a conflict with another
// transaction it starts again, and finds what that has written.
func (i *importer) writeBatch(ctx context.Context, lines []numberedLine) (outcomes []outcome, err error) {
	for attempt := range maxImportAttempts {
		var rejected error
		err = i.db.Accounts().Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
			outcomes, rejected = nil, nil
			for _, line := range lines {
				o, err := i.writeLine(ctx, tx, line, attempt > 0)
				if problem, ok := errors.AsType[lineError](err); ok {
					rejected = fmt.Errorf("core: line %d: %w: import the file again", line.number, problem)
				}
				if err != nil {
					return err
				}
				outcomes = append(outcomes, o)
			}
			return nil
		})
		switch {
		case rejected != nil:
			return nil, rejected
		case err == nil:
			return outcomes, nil
		case !errors.Is(err, account.ErrConflict):
			return nil, autherr.StoreFailed(err)
		}
	}
	return nil, autherr.StoreFailed(err)
}

// writeLine writes what a line changes. After a conflict it also looks whether a user
// has the external id, to name the line.
func (i *importer) writeLine(ctx context.Context, tx account.Tx, numbered numberedLine, afterConflict bool) (outcome, error) {
	line, err := i.reader.read(numbered.text)
	switch {
	case err != nil:
		return 0, errLineChanged
	case line.deleted:
		return lineSkipped, nil
	}
	known, err := tx.Find(ctx, i.key(line))
	isNew := errors.Is(err, account.ErrNotFound)
	o := lineCreated
	switch {
	case err == nil:
		o, err = i.difference(known, line)
	case isNew:
		err = nil
	}
	if err == nil && afterConflict {
		err = checkFree(ctx, tx, known, line)
	}
	switch {
	case err != nil, o == lineUnchanged:
		return o, err
	case isNew:
		return o, i.create(ctx, tx, line)
	default:
		return o, i.update(ctx, tx, known, line)
	}
}

// checkFree returns errExternalIDTaken if another user has the external id.
func checkFree(ctx context.Context, tx account.Tx, known identity.User, line importLine) error {
	if line.externalID == "" || line.externalID == known.ExternalID {
		return nil
	}
	_, err := tx.GetByExternalID(ctx, line.externalID)
	switch {
	case err == nil:
		return errExternalIDTaken
	case errors.Is(err, account.ErrNotFound):
		return nil
	}
	return err
}

// create writes a new user with its identity.
func (i *importer) create(ctx context.Context, tx account.Tx, line importLine) error {
	at := line.createdAt
	if at.IsZero() {
		at = i.reader.now
	}
	user := identity.User{ID: uuid.Must(uuid.NewV7()), ExternalID: line.externalID, CreatedAt: at}
	if err := tx.CreateUser(ctx, user); err != nil {
		return err
	}
	return tx.AddIdentity(ctx, user.ID, i.stored(line, identity.Stored{ID: uuid.Must(uuid.NewV7()), CreatedAt: at}))
}

// update writes what a line changes of a known user.
func (i *importer) update(ctx context.Context, tx account.Tx, known identity.User, line importLine) error {
	if line.externalID != "" && known.ExternalID == "" {
		if err := tx.SetExternalID(ctx, known.ID, line.externalID); err != nil {
			return err
		}
	}
	if !i.replaces(known, line) {
		return nil
	}
	stored, err := tx.Identities(ctx, known.ID)
	if err != nil {
		return err
	}
	for _, s := range stored {
		if s.ID == known.IdentityID {
			if err := tx.RemoveIdentity(ctx, known.ID, s.ID); err != nil {
				return err
			}
			return tx.AddIdentity(ctx, known.ID, i.stored(line, s))
		}
	}
	return account.ErrNotFound
}

// stored returns the identity with the contents of a line.
func (i *importer) stored(line importLine, s identity.Stored) identity.Stored {
	s.Key, s.Provider, s.Identifier = i.key(line), i.options.Provider, line.identifier
	s.Email, s.EmailVerified = line.email, line.emailVerified
	s.Phone, s.PhoneVerified = line.phone, line.phoneVerified
	return s
}
