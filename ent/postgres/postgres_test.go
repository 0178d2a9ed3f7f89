package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/postgres"
)

const password = "hunter2-hunter2"

// valid returns arguments without problems.
func valid() postgres.Settings {
	return postgres.Settings{URL: config.NewSecret("postgres://ada:" + password + "@db.example:5432/app?sslmode=verify-full")}
}

func TestSettings_Problems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change   func(*postgres.Settings)
		argument string
	}{
		"NoURL":               {func(s *postgres.Settings) { s.URL = config.Secret{} }, "url"},
		"KeywordsAndValues":   {func(s *postgres.Settings) { s.URL = config.NewSecret("host=db.example password=" + password) }, "url"},
		"OtherScheme":         {func(s *postgres.Settings) { s.URL = config.NewSecret("mysql://ada:" + password + "@db.example/app") }, "url"},
		"NegativeConnections": {func(s *postgres.Settings) { s.MaxOpenConns = -1 }, "max_open_conns"},
		"OneConnection":       {func(s *postgres.Settings) { s.MaxOpenConns = 1 }, "max_open_conns"},
		"UnknownMigrate":      {func(s *postgres.Settings) { s.Migrate = "aply" }, "migrate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := valid()
			if problems := postgres.Type.Validate(&s, database.Env{}); len(problems) != 0 {
				t.Fatalf("the unchanged arguments have problems: %v", problems)
			}
			c.change(&s)
			problems := postgres.Type.Validate(&s, database.Env{})
			if len(problems) != 1 || problems[0].Argument != c.argument || strings.Contains(problems[0].Message, password) {
				t.Fatalf("problems: got %v, want one in %s without the password", problems, c.argument)
			}
			if _, err := postgres.Open(t.Context(), s); err == nil || !strings.Contains(err.Error(), problems[0].Message) {
				t.Errorf("Open: got %v, want an error with %q", err, problems[0].Message)
			}
		})
	}
}

func TestOpenPool_ErrorWithoutURL(t *testing.T) {
	t.Parallel()
	if pool, err := postgres.OpenPool(valid().URL); err != nil || pool.Close() != nil {
		t.Fatalf("OpenPool: %v", err)
	}
	for _, url := range []string{
		"postgres://ada:" + password + "@db.example/app?sslmode=sometimes",
		"postgres://ada:%zz" + password + "@db.example/app",
		"postgres://ada:1/2/" + password + "@db.example/app",
	} {
		_, err := postgres.OpenPool(config.NewSecret(url))
		if err == nil || strings.Contains(err.Error(), password) || !strings.Contains(err.Error(), "postgres: url ") {
			t.Errorf("OpenPool: got %v, want an error without the URL", err)
		}
	}
}

// Error messages are localized, so that only the code may be compared.
func TestDialect_ErrorCodes(t *testing.T) {
	t.Parallel()
	d := postgres.Dialect()
	for code, want := range map[string][]bool{ // conflict, deadlock
		"23505": {true, false},
		"40001": {false, true},
		"40P01": {false, true},
		"23503": {false, false},
		"23502": {false, false},
		"25006": {false, false},
	} {
		err := fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: code, Message: "doppelter Schlüsselwert verletzt Unique-Constraint"})
		if got := []bool{d.IsConflict(err), d.IsDeadlock(err)}; !slices.Equal(got, want) {
			t.Errorf("%s: conflict and deadlock are %v, want %v", code, got, want)
		}
	}
}
