package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // registers "sqlite"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

func newUser(subject string) identity.User {
	now := time.Now()
	return identity.User{
		ID: uuid.Must(uuid.NewV7()), IdentityID: uuid.Must(uuid.NewV7()),
		Key:       identity.Key{Issuer: "https://issuer.example", Subject: subject},
		CreatedAt: now, LastLoginAt: now,
	}
}

func register(t *testing.T, db database.Database, subject string) identity.User {
	t.Helper()
	user := newUser(subject)
	if err := accounttest.Register(t.Context(), db.Accounts(), user, nil); err != nil {
		t.Fatalf("Register: %v", err)
	}
	return user
}

// execute changes a database file on a separate connection.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_SpecialCharactersInPath(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"auth.db", "with space.db", "what?.db", "what?mode=memory", "50%.db", "%41.db", "a#b.db",
		"a&b=c.db", "ü.db", "'quoted\".db", "back\\slash.db", "semi;colon.db", ":memory:.db", "plus+.db",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			path := filepath.Join(directory, name)
			db := open(t, path)
			user := register(t, db, "ada")

			entries, err := os.ReadDir(directory)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range entries {
				if !slices.Contains([]string{name, name + "-wal", name + "-shm"}, entry.Name()) {
					t.Errorf("there is a file %q", entry.Name())
				}
			}
			if _, err := open(t, path).Accounts().Find(t.Context(), user.Key); err != nil {
				t.Errorf("Find after opening again: %v", err)
			}
		})
	}
}

func TestOpen_FilePermissions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	register(t, open(t, path), "ada")
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o, want 600", filepath.Base(file), mode)
		}
	}
}

func TestOpen_Advice(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		settings func(directory string) sqlite.Settings
		want     string
	}{
		"MissingDirectory": {
			func(directory string) sqlite.Settings {
				return sqlite.Settings{Path: filepath.Join(directory, "missing", "auth.db"), Migrate: "apply"}
			},
			"missing does not exist: create it",
		},
		"MissingFile": {
			func(directory string) sqlite.Settings {
				return sqlite.Settings{Path: filepath.Join(directory, "auth.db"), Migrate: "off"}
			},
			`auth.db does not exist: change path, or create it`,
		},
		"DirectoryAsPath": {
			func(directory string) sqlite.Settings { return sqlite.Settings{Path: directory, Migrate: "apply"} },
			"is a directory:",
		},
		"OtherFileFormat": {
			func(directory string) sqlite.Settings {
				path := filepath.Join(directory, "notes.txt")
				_ = os.WriteFile(path, []byte(strings.Repeat("not a database. ", 100)), 0o600)
				return sqlite.Settings{Path: path, Migrate: "apply"}
			},
			"is not an SQLite database",
		},
		"URIAsPath":      {func(string) sqlite.Settings { return sqlite.Settings{Path: "file:auth.db"} }, "not a URI"},
		"UnknownMigrate": {func(string) sqlite.Settings { return sqlite.Settings{Path: "auth.db", Migrate: "aply"} }, `"check", "apply" or "off"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sqlite.Open(t.Context(), c.settings(t.TempDir()))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open: got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestOpen_OffCreatesNoFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	if _, err := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "off"}); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Open: got %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file was created (error %v)", err)
	}
}

// G01: "check" is for tables that exist. A missing or empty file gets them.
func TestOpen_CheckCreatesTables(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "empty.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"missing.db", "empty.db"} {
		db, err := sqlite.Open(t.Context(), sqlite.Settings{Path: filepath.Join(directory, name), Migrate: "check"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		register(t, db, "ada")
		if err := errors.Join(db.Ready(t.Context()), db.Close()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpen_CheckKeepsOtherTables(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	execute(t, path, "CREATE TABLE notes (id INTEGER)")
	_, err := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "check"})
	if err == nil || !strings.Contains(err.Error(), "version 0") {
		t.Errorf("got %v, want a rejection of version 0", err)
	}
}

func TestOpen_ConcurrentFirstChecks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			db, err := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "check"})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			if err := errors.Join(db.Ready(t.Context()), db.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestOpen_MemoryIsolated(t *testing.T) {
	t.Parallel()
	one, other := open(t, sqlite.Memory), open(t, sqlite.Memory)
	user := register(t, one, "ada")
	if _, err := one.Accounts().Find(t.Context(), user.Key); err != nil {
		t.Fatalf("Find: %v", err)
	}
	if _, err := other.Accounts().Find(t.Context(), user.Key); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("Find in a second database: got %v, want ErrNotFound", err)
	}
}

func TestOpen_MemoryAfterCancel(t *testing.T) {
	t.Parallel()
	db := open(t, sqlite.Memory)
	user := register(t, db, "ada")
	ctx, cancel := context.WithCancel(t.Context())
	err := accounttest.Register(ctx, db.Accounts(), newUser("eve"), func(context.Context, account.Tx) error {
		cancel()
		return nil
	})
	if err == nil { // the error of the context, or sql.ErrTxDone
		t.Fatal("a canceled registration was committed")
	}
	if _, err := db.Accounts().Find(t.Context(), user.Key); err != nil {
		t.Errorf("Find: %v", err)
	}
}

func TestType_PathAndMigrateDefaults(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	settings := sqlite.Type.NewSettings()
	production, development := database.Env{Directory: directory}, database.Env{Directory: directory, Development: true}

	db, err := sqlite.Type.Open(t.Context(), settings, development)
	if err != nil {
		t.Fatalf("Open in development: %v", err)
	}
	user := register(t, db, "ada")
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if _, err := os.Stat(filepath.Join(directory, "auth.db")); err != nil {
		t.Fatal(err)
	}
	db, err = sqlite.Type.Open(t.Context(), settings, production)
	if err != nil {
		t.Fatalf("Open in production: %v", err)
	}
	defer db.Close()
	if _, err := db.Accounts().Find(t.Context(), user.Key); err != nil {
		t.Errorf("Find: %v", err)
	}
}

func TestType_Problems(t *testing.T) {
	t.Parallel()
	if problems := sqlite.Type.Validate(sqlite.Type.NewSettings(), database.Env{}); len(problems) != 0 {
		t.Fatalf("the defaults have problems: %v", problems)
	}
	problems := sqlite.Type.Validate(&sqlite.Settings{Path: "file:auth.db", Migrate: "aply"}, database.Env{})
	arguments := make([]string, len(problems))
	for i, problem := range problems {
		arguments[i] = problem.Argument
	}
	if slices.Sort(arguments); !slices.Equal(arguments, []string{"migrate", "path"}) {
		t.Errorf("problems in %v, want migrate and path", arguments)
	}
}

func TestOpen_ConcurrentMigrations(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			db, err := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "apply"})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			if err := errors.Join(db.Ready(t.Context()), db.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	register(t, open(t, path), "ada")
}

func TestOpen_OtherVersion(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ statement, want string }{
		"Older": {"DELETE FROM auth_migrations WHERE version_id > 0", "are at version 0, this program requires version 3"},
		"Newer": {"INSERT INTO auth_migrations (version_id, is_applied) VALUES (4, 1)", "are at version 4, this program supports only version 3"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "auth.db")
			db := open(t, path)
			if err := db.Ready(t.Context()); err != nil {
				t.Fatalf("Ready: %v", err)
			}
			execute(t, path, c.statement)
			_, openErr := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "check"})
			for what, err := range map[string]error{"Open": openErr, "Ready": db.Ready(t.Context())} {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: got %v, want an error with %q", what, err, c.want)
				}
			}
		})
	}
}

// Another process may be creating the tables of a database without users, so that
// they may be at an earlier version for a time.
func TestOpen_InterruptedCreation(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	db := open(t, path)
	first := []string{
		"DROP TABLE auth_marks", "DROP INDEX auth_users_external_id_key", "ALTER TABLE auth_users DROP COLUMN external_id",
		"DROP INDEX auth_identities_email_folded", "DROP INDEX auth_identities_phone", "DROP INDEX auth_identities_provider",
		"ALTER TABLE auth_identities DROP COLUMN email_folded",
		"DROP INDEX auth_sessions_provider_session", "ALTER TABLE auth_sessions DROP COLUMN provider_session",
		"DROP TABLE auth_keys", "ALTER TABLE auth_sessions DROP COLUMN refresh_generation", "ALTER TABLE auth_sessions DROP COLUMN previous_hash",
		"ALTER TABLE auth_sessions DROP COLUMN refreshed_ms", "DELETE FROM auth_migrations WHERE version_id > 1",
	}
	for _, statement := range first {
		execute(t, path, statement)
	}
	completed, err := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "check"})
	if err != nil {
		t.Fatalf("Open without users: %v", err)
	}
	if err := errors.Join(completed.Ready(t.Context()), completed.Close()); err != nil {
		t.Error(err)
	}
	register(t, db, "ada")
	for _, statement := range first {
		execute(t, path, statement)
	}
	_, err = sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "check"})
	if err == nil || !strings.Contains(err.Error(), "are at version 1, this program requires version 3") {
		t.Errorf("Open with a user: got %v, want an error about the version", err)
	}
}

func TestOpen_NewerVersionNotMigrated(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	open(t, path)
	execute(t, path, "INSERT INTO auth_migrations (version_id, is_applied) VALUES (4, 1)")
	_, err := sqlite.Open(t.Context(), sqlite.Settings{Path: path, Migrate: "apply"})
	if err == nil || !strings.Contains(err.Error(), "supports only version 3") {
		t.Errorf("Open: got %v, want an error about the version", err)
	}
}

func TestDatabase_ReadyAfterClose(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), sqlite.Settings{Path: sqlite.Memory})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if err := db.Ready(t.Context()); err != nil {
		t.Fatalf("Ready: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := db.Ready(t.Context()); err == nil {
		t.Error("Ready after Close: no error")
	}
}

func TestDatabase_WriteTimeout(t *testing.T) {
	t.Parallel()
	db := openFile(t)
	writes := map[string]func(context.Context) error{
		"Register": func(ctx context.Context) error { return accounttest.Register(ctx, db.Accounts(), newUser("eve"), nil) },
		"Enable":   func(ctx context.Context) error { return db.Accounts().Enable(ctx, uuid.Must(uuid.NewV7())) },
	}
	err := accounttest.Register(t.Context(), db.Accounts(), newUser("ada"), func(ctx context.Context, _ account.Tx) error {
		for name, write := range writes {
			limited, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			began := time.Now()
			if err := write(limited); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: got %v, want %v", name, err, context.DeadlineExceeded)
			}
			if waited := time.Since(began); waited > 2*time.Second {
				t.Errorf("%s waited %v", name, waited)
			}
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Errorf("Register: %v", err)
	}
}

func TestDatabase_ReadDuringWrite(t *testing.T) {
	t.Parallel()
	db := openFile(t)
	user := register(t, db, "ada")
	err := accounttest.Register(t.Context(), db.Accounts(), newUser("eve"), func(ctx context.Context, _ account.Tx) error {
		_, err := db.Accounts().Find(ctx, user.Key)
		return err
	})
	if err != nil {
		t.Errorf("Find during a registration: %v", err)
	}
}
