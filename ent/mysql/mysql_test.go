package mysql_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/ent/mysql"
)

const password = "hunter2-hunter2"

// valid returns arguments without problems.
func valid() mysql.Settings {
	return mysql.Settings{URL: config.NewSecret("mysql://ada:" + password + "@db.example:3306/app?tls=true")}
}

func TestSettings_Problems(t *testing.T) {
	t.Parallel()
	withURL := func(url string) func(*mysql.Settings) {
		return func(s *mysql.Settings) { s.URL = config.NewSecret(url) }
	}
	for name, c := range map[string]struct {
		change   func(*mysql.Settings)
		argument string
	}{
		"NoURL":               {withURL(""), "url"},
		"DriverDSN":           {withURL("ada:" + password + "@tcp(db.example:3306)/app"), "url"},
		"OtherScheme":         {withURL("postgres://ada:" + password + "@db.example/app"), "url"},
		"NoHost":              {withURL("mysql://ada:" + password + "@/app"), "url"},
		"NoUser":              {withURL("mysql://db.example/app"), "url"},
		"NoDatabaseName":      {withURL("mysql://ada:" + password + "@db.example/"), "url"},
		"UnencodedPassword":   {withURL("mysql://ada:1/2#" + password + "@db.example/app"), "url"},
		"ReservedParameter":   {withURL("mysql://ada:" + password + "@db.example/app?clientFoundRows=false"), "url"},
		"UnknownTLS":          {withURL("mysql://ada:" + password + "@db.example/app?tls=maybe"), "url"},
		"RepeatedTLS":         {withURL("mysql://ada:" + password + "@db.example/app?tls=true&tls=false"), "url"},
		"NegativeConnections": {func(s *mysql.Settings) { s.MaxOpenConns = -1 }, "max_open_conns"},
		"OneConnection":       {func(s *mysql.Settings) { s.MaxOpenConns = 1 }, "max_open_conns"},
		"UnknownMigrate":      {func(s *mysql.Settings) { s.Migrate = "aply" }, "migrate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := valid()
			if problems := mysql.Type.Validate(&s, database.Env{}); len(problems) != 0 {
				t.Fatalf("the unchanged arguments have problems: %v", problems)
			}
			c.change(&s)
			problems := mysql.Type.Validate(&s, database.Env{})
			if len(problems) != 1 || problems[0].Argument != c.argument || strings.Contains(problems[0].Message, password) {
				t.Fatalf("problems: got %v, want one in %s without the password", problems, c.argument)
			}
			if _, err := mysql.Open(t.Context(), s); err == nil || !strings.Contains(err.Error(), problems[0].Message) {
				t.Errorf("Open: got %v, want an error with %q", err, problems[0].Message)
			}
		})
	}
}

// Error messages are localized, so that only the number may be compared.
func TestDialect_ErrorNumbers(t *testing.T) {
	t.Parallel()
	d := mysql.Dialect()
	for number, want := range map[uint16][]bool{ // conflict, deadlock
		1062: {true, false},
		1213: {false, true},
		1451: {false, false},
		1452: {false, false},
		1048: {false, false},
		1290: {false, false},
	} {
		err := fmt.Errorf("wrapped: %w", &driver.MySQLError{Number: number, Message: "Doppelter Eintrag"})
		if got := []bool{d.IsConflict(err), d.IsDeadlock(err)}; !slices.Equal(got, want) {
			t.Errorf("%d: conflict and deadlock are %v, want %v", number, got, want)
		}
	}
}
