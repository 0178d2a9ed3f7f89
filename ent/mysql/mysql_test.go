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

// valid are arguments without a mistake.
func valid() mysql.Settings {
	return mysql.Settings{URL: config.NewSecret("mysql://ada:" + password + "@db.example:3306/app?tls=true")}
}

func TestEveryMistakeIsFoundAndNoneShowsThePassword(t *testing.T) {
	t.Parallel()
	withURL := func(url string) func(*mysql.Settings) {
		return func(s *mysql.Settings) { s.URL = config.NewSecret(url) }
	}
	for name, c := range map[string]struct {
		change   func(*mysql.Settings)
		argument string
	}{
		"NoURL":              {withURL(""), "url"},
		"TheDriversOwnForm":  {withURL("ada:" + password + "@tcp(db.example:3306)/app"), "url"},
		"AnotherScheme":      {withURL("postgres://ada:" + password + "@db.example/app"), "url"},
		"NoHost":             {withURL("mysql://ada:" + password + "@/app"), "url"},
		"NoUser":             {withURL("mysql://db.example/app"), "url"},
		"NoName":             {withURL("mysql://ada:" + password + "@db.example/"), "url"},
		"PasswordNotEncoded": {withURL("mysql://ada:1/2#" + password + "@db.example/app"), "url"},
		"ParameterOfTheKit":  {withURL("mysql://ada:" + password + "@db.example/app?clientFoundRows=false"), "url"},
		"UnknownTLS":         {withURL("mysql://ada:" + password + "@db.example/app?tls=maybe"), "url"},
		"TLSTwice":           {withURL("mysql://ada:" + password + "@db.example/app?tls=true&tls=false"), "url"},
		"NegativePool":       {func(s *mysql.Settings) { s.MaxOpenConns = -1 }, "max_open_conns"},
		"PoolOfOne":          {func(s *mysql.Settings) { s.MaxOpenConns = 1 }, "max_open_conns"},
		"UnknownMigrate":     {func(s *mysql.Settings) { s.Migrate = "aply" }, "migrate"},
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
				t.Fatalf("problems are %v, want one in %s without the password", problems, c.argument)
			}
			if _, err := mysql.Open(t.Context(), s); err == nil || !strings.Contains(err.Error(), problems[0].Message) {
				t.Errorf("Open: got %v, want an error with %q", err, problems[0].Message)
			}
		})
	}
}

func TestViolationsAreNamedByNumberAlone(t *testing.T) {
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
			t.Errorf("%d is %v, want %v", number, got, want)
		}
	}
}
