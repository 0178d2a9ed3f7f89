package bench_test

import (
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/ent/enginetest"
	"github.com/cotterpin/cotterpin/ent/entstore"
)

var mostRows = flag.Int("rows", 1_000_000, "how many `rows` the tables have at most in BenchmarkGrowth")

// people is the number of users who sign in, in turn. The other rows are unused.
const people = 200

// BenchmarkGrowth is a session's check and the login of a known user while the
// tables grow: as many users, identities and sessions each. Where they are
// largest it also checks the plan of every statement of the stores.
func BenchmarkGrowth(b *testing.B) {
	for _, d := range databases(b) {
		var checks, logins []contender
		for _, size := range []struct {
			name string
			rows int
		}{{"1,000 rows", 1_000}, {"100,000 rows", 100_000}, {"1,000,000 rows", 1_000_000}} {
			if size.rows > *mostRows {
				break
			}
			grown := sync.OnceValue(func() grown { return grow(b, d, size.rows) })
			checks = append(checks, contender{size.name, func(*testing.B) func() error { return grown().check() }})
			logins = append(logins, contender{size.name, func(*testing.B) func() error { return grown().login() }})
		}
		compare(b, "check of an own session as the tables grow, "+d.name, checks...)
		compare(b, "login of a known user as the tables grow, "+d.name, logins...)
	}
}

// grown is a kit on tables with many rows.
type grown struct {
	kit    *core.Kit
	issuer *providertest.Issuer
	tokens []string // of the people's sessions
}

func grow(b *testing.B, d database, rows int) grown {
	b.Helper()
	scratch, issuer := d.create(b), providertest.NewIssuer(b)
	g := grown{kit: newKit(b, configuration(issuer, 0, ownSession, scratch.block)), issuer: issuer}
	login(b, g.kit, issuer)
	pool := scratch.pool(b)
	fill(b, scratch.dialect, pool, rows)
	for n := range people {
		g.tokens = append(g.tokens, loginAs(b, g.kit, issuer, person(n)))
	}
	if rows == *mostRows {
		connector, err := scratch.connector()
		if err != nil {
			b.Fatal(err)
		}
		enginetest.CheckPlans(b, scratch.dialect, connector)
	}
	return g
}

func person(n int) string { return fmt.Sprintf("person-%d@example.com", n%people) }

// check returns a check of the users' sessions, in turn.
func (g grown) check() func() error {
	n := 0
	var requests []core.Request
	for _, token := range g.tokens {
		requests = append(requests, core.RequestFromHTTP(bearerRequest(token)))
	}
	return func() error {
		n++
		return authenticate(g.kit, requests[n%people])
	}
}

func (g grown) login() func() error {
	n := 0
	return func() error {
		n++
		return tryLogin(g.kit, g.issuer.Login(person(n)).Body())
	}
}

// fill adds users, each with an identity and a session as those are which are
// there already, until there are that many.
func fill(b *testing.B, d entstore.Dialect, pool *sql.DB, rows int) {
	b.Helper()
	random := randoms[d.Name]
	for users := 1; users < rows; users *= 2 {
		execute(b, pool, fmt.Sprintf("INSERT INTO auth_users (id, created_ms) SELECT %s, created_ms FROM auth_users LIMIT %d",
			random.uuid, min(users, rows-users)))
	}
	copyRow(b, pool, "auth_identities", "user_id", "auth_users", map[string]string{"id": random.uuid, "user_id": "f.id", "subject": random.text})
	copyRow(b, pool, "auth_sessions", "identity_id", "auth_identities", map[string]string{
		"id": random.text, "lookup": random.bytes, "identity_id": "f.id", "user_id": "f.user_id",
	})
}

// copyRow copies the one row of a table, which belongs to a row of another, for
// each other row f of that.
func copyRow(b *testing.B, pool *sql.DB, table, foreignKey, of string, changed map[string]string) {
	b.Helper()
	columns := columnsOf(b, pool, table)
	values, list := slices.Clone(columns), strings.Join(columns, ", ")
	for i, column := range columns {
		values[i] = "t." + column
		if change := changed[column]; change != "" {
			values[i] = change
		}
	}
	execute(b, pool, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s AS f, (SELECT %s FROM %s) AS t WHERE f.id <> t.%s",
		table, list, strings.Join(values, ", "), of, list, table, foreignKey))
}

func columnsOf(b *testing.B, pool *sql.DB, table string) []string {
	b.Helper()
	rows, err := pool.QueryContext(b.Context(), "SELECT * FROM "+table) //nolint:unqueryvet // the column names are the result
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err = errors.Join(err, rows.Err()); err != nil {
		b.Fatal(err)
	}
	return columns
}

// randoms are expressions with another value in each row, by dialect.
var randoms = map[string]struct{ uuid, text, bytes string }{
	dialect.SQLite: {
		uuid: "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-' || hex(randomblob(2)) || '-' || " +
			"hex(randomblob(2)) || '-' || hex(randomblob(6)))",
		text:  "hex(randomblob(13))",
		bytes: "randomblob(16)",
	},
	dialect.Postgres: {
		uuid:  "gen_random_uuid()",
		text:  "substr(replace(gen_random_uuid()::text, '-', ''), 1, 26)",
		bytes: "uuid_send(gen_random_uuid())",
	},
	dialect.MySQL: {uuid: "UUID()", text: "HEX(RANDOM_BYTES(13))", bytes: "RANDOM_BYTES(16)"},
}
