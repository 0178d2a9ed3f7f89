package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
)

// touch sees that the file can be read and written. SQLite would make a missing
// one with the permissions of the process, for everybody to read; the files
// beside it get those of the file.
func touch(path string, create bool) error {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	file, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return fmt.Errorf("sqlite: %s: %w", advice(path, err), err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return nil
}

// advice says what can be done when a file cannot be opened.
func advice(path string, err error) string {
	folder := filepath.Dir(path)
	_, missing := os.Stat(folder)
	switch {
	case errors.Is(missing, fs.ErrNotExist):
		return fmt.Sprintf("the folder %s does not exist: make it, or change path", folder)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf(`the file %s does not exist: change path, or start once with migrate = "apply" to make it`, path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("this user must be allowed to read and write %s, and to write in its folder", path)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Sprintf("%s is a folder: path must name a file in it", path)
	default:
		return "cannot open " + path
	}
}

// DataSource returns what the driver "sqlite" of modernc.org/sqlite calls the
// file, opened as the kit opens it: for an application with connections of its
// own to the same file; they wait up to five seconds while others write. It is a
// URI, in which any path can be written: https://www.sqlite.org/uri.html.
func DataSource(path string) (string, error) {
	parameters := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"},
	}
	if path == Memory {
		return "file::memory:?" + parameters.Encode(), nil
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlite: %w", err)
	}
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(absolute), RawQuery: parameters.Encode()}
	return file.String(), nil
}
