package main

import (
	"strings"
	"testing"
)

// TestValidate_DatabaseURL has URLs of databases that only fail when they are
// opened, unless validate rejects them at their line.
//
// Cases: D10.
func TestValidate_DatabaseURL(t *testing.T) {
	t.Parallel()
	const (
		password = "hunter2-hunter2"
		postgres = "postgres://ada:" + password + "@h"
		mysql    = "mysql://ada:" + password + "@h"
		spaces   = `Begins or ends with a line break or a space: write trimspace(env("NAME")) or trimspace(file("PATH"))`
		port     = "Has a port that is not a number from 1 to 65535"
		sslmode  = "Has a value of sslmode that does not exist: use one of disable, allow, prefer, require, verify-ca, verify-full"
	)
	for name, c := range map[string]struct{ url, want string }{
		"Postgres/Valid":        {postgres + ":5432/db?sslmode=verify-full&sslrootcert=/no/such/file", ""},
		"Postgres/Hosts":        {postgres + ":5432,[::1]:5433,other/db?target_session_attrs=read-write", ""},
		"Postgres/NoHost":       {"postgres:///db?host=/run/postgresql", ""},
		"Postgres/LineBreak":    {postgres + "/db\n", spaces},
		"Postgres/CRLF":         {postgres + "/db\r\n", spaces},
		"Postgres/SpaceBefore":  {" " + postgres + "/db", spaces},
		"Postgres/OnlySpace":    {"\n", spaces},
		"Postgres/SpaceWithin":  {postgres + "/d b", "Must be a URL such as postgres://"},
		"Postgres/Control":      {postgres + "/d\x01b", "Must be a URL such as postgres://"},
		"Postgres/Port":         {postgres + ":54x/db", port},
		"Postgres/PortZero":     {postgres + ":0/db", port},
		"Postgres/PortTooLarge": {postgres + ":65536/db", port},
		"Postgres/NoPort":       {postgres + ":/db", port},
		"Postgres/SecondPort":   {postgres + ":5432,other:54x/db", port},
		"Postgres/TwoPorts":     {postgres + ":5432:5433/db", port},
		"Postgres/PortOnly":     {"postgres://:54x/db", port},
		"Postgres/PortInQuery":  {postgres + "/db?port=54x", "and parameters that libpq supports"},
		"Postgres/SSLMode":      {postgres + "/db?sslmode=sometimes", sslmode},
		"Postgres/SSLModeCase":  {postgres + "/db?sslmode=Require", sslmode},
		"Postgres/SSLModeEmpty": {postgres + "/db?sslmode=", sslmode},
		"Postgres/SSLModeTwice": {postgres + "/db?sslmode=disable&sslmode=verify-full", sslmode},
		"Postgres/Session":      {postgres + "/db?target_session_attrs=master", "a value of target_session_attrs that"},
		"Postgres/Negotiation":  {postgres + "/db?sslnegotiation=maybe", "a value of sslnegotiation that"},
		"Postgres/Binding":      {postgres + "/db?channel_binding=maybe", "a value of channel_binding that"},
		"Postgres/Timeout":      {postgres + "/db?connect_timeout=5s", "and parameters that libpq supports"},
		"Postgres/Scheme":       {"pg://ada:" + password + "@h/db", "Must be a URL such as postgres://"},
		"Postgres/Encoding":     {"postgres://ada:%zz" + password + "@h/db", "Must be a URL such as postgres://"},
		"MySQL/Valid":           {mysql + ":3306/db?tls=true", ""},
		"MySQL/LineBreak":       {mysql + "/db\n", spaces},
		"MySQL/Space":           {mysql + "/db ", spaces},
		"MySQL/Port":            {mysql + ":33x6/db", port},
		"MySQL/PortTooLarge":    {mysql + ":65536/db", port},
		"MySQL/TLS":             {mysql + "/db?tls=sometimes", `the only one is tls, which is "true",`},
		"MySQL/Parameter":       {mysql + "/db?sslmode=require", `the only one is tls, which is "true",`},
		"MySQL/Scheme":          {"mariadb://ada:" + password + "@h/db", "Must be a URL such as mysql://"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := strings.Replace(development, `"sqlite" {
  path = "auth.db"`, `"`+strings.ToLower(strings.Split(name, "/")[0])+`" {
  url = env("DATABASE_URL")`, 1)
			cmd := command(t, file, "validate")
			cmd.Env = append(cmd.Env, "DATABASE_URL="+c.url)
			output, err := cmd.CombinedOutput()
			text := strings.Join(strings.Fields(string(output)), " ")
			if c.want == "" {
				if exitCode(err) != 0 {
					t.Fatalf("a valid URL is rejected:\n%s", output)
				}
				return
			}
			if exitCode(err) != 1 || !strings.Contains(text, c.want) || !strings.Contains(text, `url = env("DATABASE_URL")`) {
				t.Errorf("got exit code %d and\n%s\nwant an error at the line of url with %q", exitCode(err), output, c.want)
			}
			if strings.Contains(text, password) {
				t.Errorf("the password is shown:\n%s", output)
			}
		})
	}
}
