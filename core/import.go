package core

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cotterpin/cotterpin/core/database"
)

// Import describes an import of users; see [Users.Import].
type Import struct {
	// Provider is the name of the block at which the users sign in. It may be active,
	// draining or disabled. Required.
	Provider string

	// Issuer is the iss of the users' tokens. Required if the block accepts several
	// issuers. Default: the block's.
	Issuer string

	DryRun bool // checks all lines, and writes nothing

	// Progress is called now and then with the number of lines that were checked, while
	// total is 0, and then with the number of lines that were written. nil: not at all.
	Progress func(lines, total int)
}

// ImportResult counts the lines of an import. With DryRun, what would happen. Its
// JSON is that of `cotterpin users import --json`.
type ImportResult struct {
	Lines     int `json:"lines"`     // that are not empty
	Created   int `json:"created"`   // users
	Updated   int `json:"updated"`   // users that have not signed in by the identity, or had no external id
	Unchanged int `json:"unchanged"` // also those that have signed in since
	Skipped   int `json:"skipped"`   // users that the provider has deleted
	Rejected  int `json:"rejected"`

	Rejections []ImportRejection `json:"rejections"` // the first 1000
}

// ImportRejection is a line of an import that was rejected.
type ImportRejection struct {
	Line    int    `json:"line"`    // from 1
	Problem string `json:"problem"` // and what to do; it contains no contact
}

const (
	maxImportLine  = 64 << 10 // bytes
	maxRejections  = 1000     // that are listed
	importBatch    = 500      // lines of a transaction
	progressPeriod = 1000     // lines that are checked between two calls of Progress
)

// Import creates users and identities before their first login, which then finds
// them: `created` is false, the user id is that of the import, and OnRegister does
// not run.
//
// The file consists of JSON Lines, each an object with the member subject, the sub of
// the user's tokens, and if known identifier, email, email_verified, phone,
// phone_verified, external_id and created_at (RFC 3339). Members that are unknown or
// duplicate are errors; null is the same as no member. A line may also have the form
// of the provider's own list, if the provider has one; see [provider.UserLister].
//
// A contact is stored as verified if the line specifies that: this is the operator's word,
// and link_on trusts it where the block has `trust` in the contact. Contacts of the
// provider's own list are unverified.
//
// First all lines are checked, also against the database. If one is rejected, the
// error reports that, the result lists all, and nothing is written. Then they are written
// in transactions of 500. An import that was interrupted is continued by repeating
// it: users that exist keep their id. What a line changes of an existing user is the
// external id if it had none, and the contacts unless its identity has signed in.
//
// Lines are rejected if they are not valid, or if they contradict the file or the
// database: one subject with different data, an external id of another user, or a
// subject whose user has another external id.
//
// Imports, logins and administration may run concurrently. Memory: about 250 bytes a
// line. Errors by code: NotFound where the configuration stores no users;
// TemporarilyUnavailable if the database failed: repeat the import. Other errors have
// no code, and contain what to do.
func (u Users) Import(ctx context.Context, file io.ReadSeeker, o Import) (ImportResult, error) {
	db, err := u.kit.storage()
	if err != nil {
		return ImportResult{}, err
	}
	i, err := u.kit.newImporter(db, o)
	if err != nil {
		return ImportResult{}, err
	}
	result, err := i.run(ctx, file)
	if !o.DryRun && result.Created+result.Updated > 0 {
		u.kit.log.InfoContext(ctx, "users imported", "event", "users_imported", "provider", o.Provider, "created", result.Created,
			"updated", result.Updated, "actor_user_id", actorID(ctx))
	}
	return result, err
}

// importer is one import.
type importer struct {
	db      database.Database
	options Import
	reader  lineReader
	result  ImportResult
	seen    seenLines
}

func (k *Kit) newImporter(db database.Database, o Import) (*importer, error) {
	issuers, list, ok := k.providers.Import(o.Provider)
	issuer, err := k.providers.IssuerOf(o.Provider, o.Issuer)
	switch {
	case !ok:
		var names []string
		for _, block := range k.providers.Blocks() {
			names = append(names, fmt.Sprintf("%q", block.Name))
		}
		return nil, fmt.Errorf("core: there is no provider %q: the providers are %s", o.Provider, strings.Join(names, ", "))
	case err != nil:
		return nil, fmt.Errorf("core: provider %q accepts the issuers %s: select the one of these users' tokens, and import the users of each by itself",
			o.Provider, strings.Join(issuers, ", "))
	}
	o.Issuer = issuer
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	return &importer{
		db: db, options: o, reader: lineReader{list: list, now: k.now()}, seen: newSeenLines(),
		result: ImportResult{Rejections: []ImportRejection{}},
	}, nil
}

func (i *importer) run(ctx context.Context, file io.ReadSeeker) (ImportResult, error) {
	if err := i.check(ctx, file); err != nil {
		return i.result, err
	}
	if i.result.Rejected > 0 {
		return i.result, fmt.Errorf("core: %d of %d lines are rejected, and nothing is imported: correct them first", i.result.Rejected, i.result.Lines)
	}
	if i.options.DryRun {
		return i.result, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return ImportResult{Rejections: i.result.Rejections}, fmt.Errorf("core: the file is read twice: %w", err)
	}
	return i.write(ctx, file)
}

// numberedLine is a line that is not empty.
type numberedLine struct {
	number int
	text   []byte // nil: it is longer than an import allows
}

var errLineTooLong = fmt.Errorf("it is longer than %d KiB", maxImportLine>>10)

// readLines passes the lines of a file in batches, whose strings belong to the receiver's.
func readLines(file io.Reader, batch int, use func([]numberedLine) error) error {
	reader := bufio.NewReaderSize(file, maxImportLine)
	var lines []numberedLine
	for number := 1; ; number++ {
		text, isLast, err := readLine(reader)
		if err != nil {
			return fmt.Errorf("core: reading the file: %w", err)
		}
		if text == nil || len(bytes.TrimSpace(text)) > 0 {
			lines = append(lines, numberedLine{number, text})
		}
		if len(lines) == batch || isLast && len(lines) > 0 {
			if err := use(lines); err != nil {
				return err
			}
			lines = nil
		}
		if isLast {
			return nil
		}
	}
}

// readLine returns a copy of the next line, nil if it is too long, and whether it is
// the last one.
func readLine(reader *bufio.Reader) (text []byte, isLast bool, err error) {
	part, err := reader.ReadSlice('\n')
	isTooLong := errors.Is(err, bufio.ErrBufferFull)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = reader.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) {
		isLast, err = true, nil
	}
	if isTooLong {
		return nil, isLast, err
	}
	return append([]byte{}, part...), isLast, err
}
