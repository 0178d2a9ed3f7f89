package migrations

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/cotterpin/cotterpin/core/database"
)

// Pending returns the version of the tables and the migrations that Apply would
// apply, in order. It returns an error for newer tables that this program cannot
// use. It does not write.
func (s *Set) Pending(ctx context.Context) (current int64, pending []database.Migration, err error) {
	current, err = s.Current(ctx)
	switch {
	case err != nil:
		return 0, nil, err
	case current > s.required:
		return current, nil, s.checkRecord(ctx, current)
	}
	provider, err := s.provider()
	if err != nil {
		return 0, nil, err
	}
	for _, source := range provider.ListSources() {
		if source.Version <= current {
			continue
		}
		text, err := fs.ReadFile(s.files, source.Path)
		if err != nil {
			return 0, nil, fmt.Errorf("migrations: %w", err)
		}
		pending = append(pending, database.Migration{Version: source.Version, Name: source.Path, SQL: statements(string(text))})
	}
	return current, pending, nil
}

// statements returns the text of a file without the lines that goose and
// [readRecord] read.
func statements(text string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "-- +goose") && !record.MatchString(strings.TrimSuffix(line, "\n")) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
