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

// ensureFile checks that the file can be read and written, and creates it if
// create is set. SQLite would create it readable by all users of the machine. Its
// -wal and -shm files inherit the permissions.
func ensureFile(path string, create bool) error {
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

// advice returns what the operator can do about a file that cannot be opened.
func advice(path string, err error) string {
	directory := filepath.Dir(path)
	_, missing := os.Stat(directory)
	switch {
	case errors.Is(missing, fs.ErrNotExist):
		return fmt.Sprintf("the directory %s does not exist: create it, or change path", directory)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf(`the file %s does not exist: change path, or create it: migrate = "off" does not`, path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("this user must be allowed to read and write %s, and to write in its directory", path)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Sprintf("%s is a directory: path must name a file in it", path)
	default:
		return "cannot open " + path
	}
}

// DataSource returns the data source name of a file for the driver "sqlite" of
// modernc.org/sqlite, with the kit's connection settings: for an application
// that opens the same file. Its writers wait up to five seconds for others. The
// name is a URI, which can represent any path: https://www.sqlite.org/uri.html.
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
