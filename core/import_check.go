package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/internal/digest"
)

// outcome is what becomes of a line.
type outcome int

const (
	lineCreated outcome = iota
	lineUpdated
	lineUnchanged
	lineSkipped
)

func (r *ImportResult) add(o outcome) {
	switch o {
	case lineCreated:
		r.Created++
	case lineUpdated:
		r.Updated++
	case lineUnchanged:
		r.Unchanged++
	case lineSkipped:
		r.Skipped++
	}
}

// checkedLine is a line with what becomes of it, or why it is rejected.
type checkedLine struct {
	line    importLine
	outcome outcome
	problem error
	failed  error // of the database
}

// lookups bounds the concurrent look-ups of a check: logins need connections too.
const lookups = 4

// check reads all lines, and counts what becomes of them.
func (i *importer) check(ctx context.Context, file io.Reader) error {
	return readLines(file, progressPeriod, func(lines []numberedLine) error {
		batch := make([]checkedLine, len(lines))
		for n, line := range lines {
			batch[n] = i.checkAlone(line)
		}
		i.lookUp(ctx, batch)
		for n, c := range batch {
			if c.failed != nil {
				return autherr.StoreFailed(c.failed)
			}
			i.count(lines[n].number, c)
		}
		i.options.Progress(i.result.Lines, 0)
		return nil
	})
}

func (i *importer) count(number int, c checkedLine) {
	i.result.Lines++
	if c.problem == nil {
		i.result.add(c.outcome)
		return
	}
	i.result.Rejected++
	if len(i.result.Rejections) < maxRejections {
		i.result.Rejections = append(i.result.Rejections, ImportRejection{number, c.problem.Error()})
	}
}

// checkAlone checks a line without the database. A line that repeats another one is
// unchanged by then.
func (i *importer) checkAlone(line numberedLine) checkedLine {
	if line.text == nil {
		return checkedLine{problem: errLineTooLong}
	}
	read, err := i.reader.read(line.text)
	if err != nil {
		return checkedLine{problem: err}
	}
	if read.deleted {
		return checkedLine{line: read, outcome: lineSkipped}
	}
	isRepeated, err := i.seen.add(line.number, read)
	if isRepeated {
		return checkedLine{line: read, outcome: lineUnchanged}
	}
	return checkedLine{line: read, problem: err}
}

// lookUp compares the lines with the database.
func (i *importer) lookUp(ctx context.Context, batch []checkedLine) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range lookups {
		all.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(batch); n = int(next.Add(1)) - 1 {
				if c := &batch[n]; c.problem == nil && c.outcome == lineCreated {
					c.outcome, c.problem, c.failed = i.compare(ctx, c.line)
				}
			}
		})
	}
	all.Wait()
}

// compare returns what becomes of a line.
func (i *importer) compare(ctx context.Context, line importLine) (o outcome, problem, failed error) {
	owner, failed := i.ownerOf(ctx, line.externalID)
	if failed != nil {
		return 0, nil, failed
	}
	// The user is read after the owner, who may be this user, just imported by another
	// process.
	known, err := i.db.Accounts().Find(ctx, i.key(line))
	switch {
	case err == nil:
		o, problem = i.difference(known, line)
	case !errors.Is(err, account.ErrNotFound):
		return 0, nil, err
	}
	if problem == nil && owner != uuid.Nil && owner != known.ID {
		problem = errExternalIDTaken
	}
	return o, problem, nil
}

// ownerOf returns the user with an external id, uuid.Nil if there is none.
func (i *importer) ownerOf(ctx context.Context, externalID string) (identity.UserID, error) {
	if externalID == "" {
		return uuid.Nil, nil
	}
	owners, err := i.db.Accounts().List(ctx, account.Query{ExternalID: externalID, Limit: 1})
	if err != nil || len(owners) == 0 {
		return uuid.Nil, err
	}
	return owners[0].ID, nil
}

// lineError is why a line contradicts the database.
type lineError string

func (p lineError) Error() string { return string(p) }

const (
	errExternalIDTaken = lineError("external_id is that of another user")
	errOtherExternalID = lineError("the user of this subject has another external_id")
	errLineChanged     = lineError("it has changed since it was checked")
)

// difference returns what a line changes of a known user.
func (i *importer) difference(known identity.User, line importLine) (outcome, error) {
	switch {
	case line.externalID != "" && known.ExternalID != "" && known.ExternalID != line.externalID:
		return 0, errOtherExternalID
	case line.externalID != known.ExternalID && line.externalID != "", i.replaces(known, line):
		return lineUpdated, nil
	}
	return lineUnchanged, nil
}

// replaces reports whether a line has other contacts than a known identity that has
// not signed in yet.
func (i *importer) replaces(known identity.User, line importLine) bool {
	stored := identity.User{
		Identifier: known.Identifier, Email: known.Email, EmailVerified: known.EmailVerified,
		Phone: known.Phone, PhoneVerified: known.PhoneVerified, Provider: known.Provider,
	}
	imported := identity.User{
		Identifier: line.identifier, Email: line.email, EmailVerified: line.emailVerified,
		Phone: line.phone, PhoneVerified: line.phoneVerified, Provider: i.options.Provider,
	}
	return known.LastLoginAt.IsZero() && stored != imported
}

func (i *importer) key(line importLine) identity.Key {
	return identity.Key{Issuer: i.options.Issuer, Subject: line.subject}
}

// seenLines finds lines of a file that contradict each other. It keeps digests
// instead of what the lines contain.
type seenLines struct {
	subjects    map[digest.Digest]seenLine
	externalIDs map[digest.Digest]int // the number of the line
}

type seenLine struct {
	number int
	data   digest.Digest
}

func newSeenLines() seenLines {
	return seenLines{subjects: map[digest.Digest]seenLine{}, externalIDs: map[digest.Digest]int{}}
}

// add reports whether a line repeats an earlier one, or returns why it contradicts
// one.
func (s seenLines) add(number int, line importLine) (isRepeated bool, problem error) {
	subject, data := digest.Of(line.subject), digest.Of(line.data())
	if earlier, ok := s.subjects[subject]; ok {
		if earlier.data == data {
			return true, nil
		}
		return false, fmt.Errorf("line %d has the same subject with other data", earlier.number)
	}
	s.subjects[subject] = seenLine{number, data}
	if line.externalID == "" {
		return false, nil
	}
	externalID := digest.Of(line.externalID)
	if earlier, ok := s.externalIDs[externalID]; ok {
		return false, fmt.Errorf("line %d has the same external_id with another subject", earlier)
	}
	s.externalIDs[externalID] = number
	return false, nil
}
