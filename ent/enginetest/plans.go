package enginetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/accounttest"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/session"
	"github.com/cotterpin/cotterpin/ent/enginetest/faultdriver"
	"github.com/cotterpin/cotterpin/ent/entstore"
	"github.com/cotterpin/cotterpin/ent/internal/entgen"
)

// populatedUsers is the number of users in the tables while plans are checked,
// since databases prefer to scan small tables. Each has two sessions.
const populatedUsers = 1000

func testPlans(t *testing.T, d entstore.Dialect, connector driver.Connector) {
	t.Helper()
	t.Parallel()
	openRecorded(t, d, connector)
	populate(t, d, openPool(t, connector))
	CheckPlans(t, d, connector)
}

// CheckPlans queries the plan of each statement of the stores, and fails if a
// plan scans a table. It logs the plans, and leaves a user with two sessions in
// the database. The tables must exist, with so many rows that a scan is more
// expensive than an index.
func CheckPlans(t testing.TB, d entstore.Dialect, connector driver.Connector) { //nolint:funlen // it is a list
	t.Helper()
	db, pool := openRecorded(t, d, connector), openPool(t, connector)
	analyze(t, d, pool)
	user := newUser("planned")
	user.Email, user.Phone, user.Provider, user.ExternalID = "planned@example.com", "+12025550100", "planned", "planned"
	r, evicting := newSession(user, 249), newSession(user, 250)
	if err := errors.Join(
		accounttest.Register(t.Context(), db.Accounts(), user, nil),
		db.SignIn(t.Context(), database.SignIn{User: user, Session: &r, MaxSessions: 2}),
	); err != nil {
		t.Fatal(err)
	}
	accounts, sessions, now := db.Accounts(), db.Sessions(), user.CreatedAt
	transact := func(ctx context.Context, do func(context.Context, account.Tx) error) error {
		return accounts.Transact(ctx, []string{"planned"}, do)
	}
	list := func(q account.Query) func(context.Context) error {
		return func(ctx context.Context) error {
			q.Limit = 1 // of a page of many users, a scan of these tables would be cheaper
			_, err := accounts.List(ctx, q)
			return err
		}
	}
	fresh := newUser("fresh") // exists or not, depending on the order; the other user remains unchanged
	for name, call := range map[string]func(context.Context) error{
		"Find":         func(ctx context.Context) error { _, err := accounts.Find(ctx, user.Key); return err },
		"Get":          func(ctx context.Context) error { _, err := accounts.Get(ctx, user.ID); return err },
		"RecordLogin":  func(ctx context.Context) error { return db.SignIn(ctx, database.SignIn{User: user}) },
		"Register":     func(ctx context.Context) error { return accounttest.Register(ctx, accounts, fresh, nil) },
		"Identities":   func(ctx context.Context) error { _, err := accounts.Identities(ctx, user.ID); return err },
		"ListUsers":    list(account.Query{}),
		"ByEmail":      list(account.Query{Email: user.Email}),
		"ByPhone":      list(account.Query{Phone: user.Phone}),
		"ByExternalID": list(account.Query{ExternalID: user.ExternalID}),
		"ByProvider":   list(account.Query{Provider: user.Provider}),
		"SweepMarks":   func(ctx context.Context) error { _, err := accounts.Sweep(ctx, now, 5); return err },
		"TransactReads": func(ctx context.Context) error {
			return transact(ctx, func(ctx context.Context, tx account.Tx) error {
				_, findErr := tx.Find(ctx, user.Key)
				_, getErr := tx.Get(ctx, user.ID)
				_, externalErr := tx.GetByExternalID(ctx, user.ExternalID)
				_, identitiesErr := tx.Identities(ctx, user.ID)
				_, emailErr := tx.WithEmail(ctx, user.Email)
				_, phoneErr := tx.WithPhone(ctx, user.Phone)
				return errors.Join(findErr, getErr, externalErr, identitiesErr, emailErr, phoneErr)
			})
		},
		"TransactWrites": func(ctx context.Context) error {
			return transact(ctx, func(ctx context.Context, tx account.Tx) error {
				return errors.Join(tx.SetExternalID(ctx, user.ID, user.ExternalID),
					tx.RevokeSessions(ctx, user.ID, "test", now.Add(time.Hour)))
			})
		},
		"RemoveIdentity": func(ctx context.Context) error {
			return transact(ctx, func(ctx context.Context, tx account.Tx) error { return tx.RemoveIdentity(ctx, user.ID, uuid.New()) })
		},
		"SetNotBefore": func(ctx context.Context) error { return accounts.SetNotBefore(ctx, fresh.ID, now) },
		"Disable":      func(ctx context.Context) error { return accounts.Disable(ctx, fresh.ID, now) },
		"Enable":       func(ctx context.Context) error { return accounts.Enable(ctx, fresh.ID) },
		"Delete":       func(ctx context.Context) error { return accounts.Delete(ctx, fresh.ID) },
		"SignIn": func(ctx context.Context) error {
			return db.SignIn(ctx, database.SignIn{User: user, Session: &evicting, MaxSessions: 1})
		},
		"FindSession": func(ctx context.Context) error { _, err := sessions.Find(ctx, r.Lookup); return err },
		"Touch":       func(ctx context.Context) error { return sessions.Touch(ctx, r.Lookup, now, now) },
		"Rotate": func(ctx context.Context) error {
			return sessions.Rotate(ctx, r.UserID, session.Lookup{255}, session.Lookup{254}, [32]byte{})
		},
		"FindRefresh": func(ctx context.Context) error { _, err := sessions.FindRefresh(ctx, r.Lookup); return err },
		"FindByID":    func(ctx context.Context) error { _, err := sessions.FindByID(ctx, user.ID, r.ID); return err },
		"Advance": func(ctx context.Context) error {
			return sessions.Advance(ctx, session.Exchange{Lookup: r.Lookup, Presented: [32]byte{255}, At: now})
		},
		"RevokeKey": func(ctx context.Context) error { return db.Keys().Revoke(ctx, "unknown", now) },
		"DeleteKey": func(ctx context.Context) error { return db.Keys().Delete(ctx, "unknown") },
		"List":      func(ctx context.Context) error { _, err := sessions.List(ctx, user.ID, now); return err },
		"Revoke":    func(ctx context.Context) error { return sessions.Revoke(ctx, user.ID, "unknown", "test", now) },
		"RevokeAll": func(ctx context.Context) error {
			_, err := sessions.RevokeAll(ctx, user.ID, "", "test", now)
			return err
		},
		"Sweep":      func(ctx context.Context) error { _, err := sessions.Sweep(ctx, now, 5); return err },
		"IsRecorded": func(ctx context.Context) error { _, err := accounts.IsRecorded(ctx, "unknown", now); return err },
		"EndProviderSession": func(ctx context.Context) error {
			return accounts.Transact(ctx, nil, func(ctx context.Context, tx account.Tx) error {
				_, err := tx.EndProviderSession(ctx, "unknown", "test", now, now)
				return err
			})
		},
	} {
		var script faultdriver.Script
		err := call(script.In(t.Context()))
		if err != nil && !errors.Is(err, session.ErrNotFound) && !errors.Is(err, account.ErrNotFound) {
			t.Fatalf("%s: %v", name, err)
		}
		for _, statement := range script.Executed() {
			if statement.SQL == "" {
				continue
			}
			plan, scans := explain(t, d, pool, statement)
			t.Logf("%s: %s\n%s", name, statement.SQL, plan)
			if len(scans) > 0 {
				t.Errorf("%s scans %q:\n%s\n%s", name, scans, statement.SQL, plan)
			}
		}
	}
}

// populate fills the tables. A few sessions expired long ago.
func populate(t *testing.T, d entstore.Dialect, pool *sql.DB) {
	t.Helper()
	client := entgen.NewClient(entgen.Driver(entsql.OpenDB(d.Name, pool)))
	const batch = 500
	for first := 0; first < populatedUsers; first += batch {
		var users []*entgen.UserCreate
		var identities []*entgen.IdentityCreate
		var sessions []*entgen.SessionCreate
		for n := range batch {
			user := newUser(fmt.Sprint("subject ", first+n))
			user.Email, user.Phone = fmt.Sprintf("%d@example.com", first+n), fmt.Sprint("+1", first+n)
			user.Provider, user.ExternalID = fmt.Sprint("provider ", n%100), fmt.Sprint(first+n)
			users = append(users, createUser(client, user))
			identities = append(identities, createIdentity(client, user))
			for range 2 {
				r := newSession(user, 0)
				r.ID, r.Lookup = uuid.NewString(), session.Lookup(uuid.New())
				if n%100 == 0 {
					r.ExpiresAt = r.ExpiresAt.Add(-1000 * time.Hour)
				}
				sessions = append(sessions, createSession(client, r))
			}
		}
		err := errors.Join(client.User.CreateBulk(users...).Exec(t.Context()),
			client.Identity.CreateBulk(identities...).Exec(t.Context()),
			client.Session.CreateBulk(sessions...).Exec(t.Context()))
		if err != nil {
			t.Fatalf("filling the tables: %v", err)
		}
	}
}

// analyze updates the statistics of a server, which it also does by itself after
// a while. SQLite does not, and is tested without.
func analyze(t testing.TB, d entstore.Dialect, pool *sql.DB) {
	t.Helper()
	switch d.Name {
	case dialect.Postgres:
		execute(t, pool, "ANALYZE auth_users, auth_identities, auth_sessions")
	case dialect.MySQL:
		execute(t, pool, "ANALYZE TABLE auth_users, auth_identities, auth_sessions")
	}
}

func createUser(client *entgen.Client, u identity.User) *entgen.UserCreate {
	create := client.User.Create().SetID(u.ID).SetCreatedMs(u.CreatedAt.UnixMilli())
	if u.ExternalID != "" {
		create.SetExternalID(u.ExternalID)
	}
	return create
}

func createIdentity(client *entgen.Client, u identity.User) *entgen.IdentityCreate {
	return client.Identity.Create().
		SetID(u.IdentityID).SetUserID(u.ID).SetIssuer(u.Issuer).SetSubject(u.Subject).
		SetProvider(u.Provider).SetIdentifier("").SetEmail(u.Email).SetEmailVerified(false).SetEmailFolded(u.Email).
		SetPhone(u.Phone).SetPhoneVerified(false).
		SetCreatedMs(u.CreatedAt.UnixMilli()).SetLastLoginMs(u.LastLoginAt.UnixMilli())
}

func createSession(client *entgen.Client, r session.Session) *entgen.SessionCreate {
	return client.Session.Create().
		SetID(r.ID).SetLookup(r.Lookup[:]).SetSecretHash(r.SecretHash[:]).SetUserID(r.UserID).SetIdentityID(r.IdentityID).
		SetProvider("").SetIssuer(r.Issuer).SetSubject(r.Subject).SetAuthMethod("").SetTransport("").
		SetCreatedMs(r.CreatedAt.UnixMilli()).SetLastSeenMs(r.LastSeenAt.UnixMilli()).
		SetIdleExpiresMs(r.ExpiresAt.UnixMilli()).SetExpiresMs(r.ExpiresAt.UnixMilli()).
		SetUserAgent("").SetAddress("")
}

// explain returns the plan of a statement, and the tables that it scans.
func explain(t testing.TB, d entstore.Dialect, pool *sql.DB, s faultdriver.Event) (plan string, scans []string) {
	t.Helper()
	prefix := "EXPLAIN "
	if d.Name == dialect.SQLite {
		prefix = "EXPLAIN QUERY PLAN "
	}
	rows, err := pool.QueryContext(t.Context(), prefix+s.SQL, s.Values()...)
	if err != nil {
		t.Fatalf("%s%s: %v", prefix, s.SQL, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err returns the error
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		row := make([]sql.NullString, len(columns))
		targets := make([]any, len(row))
		for i := range row {
			targets[i] = &row[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		column := func(name string) string { return row[slices.Index(columns, name)].String }
		var line []string
		for _, value := range row {
			line = append(line, value.String)
		}
		lines = append(lines, strings.Join(line, " "))
		if table, all := scanned(d, line, column); all {
			scans = append(scans, table)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n"), scans
}

// tables contains the names of the kit's tables, and their aliases in statements.
var tables = []string{"auth_users", "u", "auth_identities", "i", "auth_sessions", "s", "auth_keys", "auth_marks"}

// scanned reports whether a line of a plan scans a table. Scans of subqueries do
// not count.
func scanned(d entstore.Dialect, line []string, column func(string) string) (table string, all bool) {
	switch d.Name {
	case dialect.SQLite:
		table, all = strings.CutPrefix(column("detail"), "SCAN ")
		return table, all && slices.Contains(tables, strings.Fields(table)[0])
	case dialect.MySQL:
		table = column("table")
		return table, (column("type") == "ALL" || column("type") == "index") &&
			column("select_type") != "INSERT" && !strings.HasPrefix(table, "<")
	default:
		_, table, all = strings.Cut(line[0], "Seq Scan on ")
		return table, all
	}
}
