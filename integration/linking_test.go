package integration_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// linkingBlocks are the provider blocks of the truth table, each with another
// issuer; identities of the block "gone" belong to none.
var linkingBlocks = []struct{ name, arguments string }{
	{"new", `trust = ["email", "phone"]`},
	{"old", `trust = ["email", "phone"]`},
	{"more", `trust = ["email", "phone"]`},
	{"draining", "trust = [\"email\", \"phone\"]\n  state = \"draining\""},
	{"disabled", "trust = [\"email\", \"phone\"]\n  state = \"disabled\""},
	{"untrusted", ""},
}

// linkingRow is a row of the truth table of core/account/LINKING.md.
type linkingRow struct{ id, configuration, login, users, result string }

func linkingRows(t *testing.T) []linkingRow {
	t.Helper()
	text, err := os.ReadFile("../core/account/testdata/linking.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows []linkingRow
	for line := range strings.Lines(string(text)) {
		c := strings.Split(line, "\t")
		rows = append(rows, linkingRow{c[0], c[1], c[2], c[3], c[4]})
	}
	if len(rows) < 50 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	return rows[1:]
}

// linkingWorld is a database, and the issuers of the blocks by name.
type linkingWorld struct {
	database scratch
	issuers  map[string]*providertest.Issuer
}

func newLinkingWorld(t *testing.T, b backend) linkingWorld {
	t.Helper()
	w := linkingWorld{b.create(t), map[string]*providertest.Issuer{}}
	for _, block := range linkingBlocks {
		w.issuers[block.name] = providertest.NewIssuer(t)
	}
	return w
}

// start runs a program with the configuration of a row.
func (w linkingWorld) start(t *testing.T, framework, configuration string) *program {
	t.Helper()
	var text strings.Builder
	text.WriteString("auth {\n  mode = \"development\"\n  base_url = \"http://localhost:8080\"\n}\nsession \"own\" {\n  transport = [\"bearer\", \"cookie\"]\n}\n")
	for _, block := range linkingBlocks {
		fmt.Fprintf(&text, "provider \"oidc\" %q {\n  issuer = %q\n  audience = [%q]\n  %s\n}\n",
			block.name, w.issuers[block.name].URL(), providertest.Audience, block.arguments)
	}
	words := strings.Fields(configuration)
	contacts := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word != "email" && word != "phone" })
	fmt.Fprintf(&text, "users {\n  create = %t\n  link_on = [", !slices.Contains(words, "closed"))
	for _, contact := range contacts {
		fmt.Fprintf(&text, "%q, ", contact)
	}
	text.WriteString("]\n}\n" + w.database.block)
	p := start(t, framework, text.String())
	p.database = w.database
	return p
}

// contacts returns the contacts that a text names. Each row has its own.
func (row linkingRow) contacts(words string) (email, phone string, emailVerified, phoneVerified bool) {
	number := strings.TrimPrefix(row.id, "L")
	values := map[string]string{
		"email": "ada." + row.id + "@example.com", "EMAIL": "Ada." + strings.ToLower(row.id) + "@Example.COM", "other": "eve." + row.id + "@example.com",
		"phone": "+1202555" + number + "00", "another": "+1202555" + number + "99",
	}
	for word := range strings.FieldsSeq(words) {
		name, unverified := strings.CutSuffix(word, "?")
		switch value := values[name]; {
		case strings.HasPrefix(value, "+"):
			phone, phoneVerified = value, !unverified
		case value != "":
			email, emailVerified = value, !unverified
		}
	}
	return email, phone, emailVerified, phoneVerified
}

// store writes the users of a row, and returns their ids.
func (w linkingWorld) store(t *testing.T, db database.Database, row linkingRow) []identity.UserID {
	t.Helper()
	var ids []identity.UserID
	if row.users == "-" {
		return nil
	}
	created := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	for text := range strings.SplitSeq(row.users, ";") {
		text, disabled := strings.CutPrefix(strings.TrimSpace(text), "(disabled) ")
		user := identity.User{ID: uuid.Must(uuid.NewV7()), CreatedAt: created, Disabled: disabled}
		err := db.Accounts().Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
			if err := tx.CreateUser(ctx, user); err != nil {
				return err
			}
			for one := range strings.SplitSeq(text, "+") {
				if err := tx.AddIdentity(ctx, user.ID, w.stored(row, one, created)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", row.id, err)
		}
		ids = append(ids, user.ID)
	}
	return ids
}

// stored returns the identity that a text describes.
func (w linkingWorld) stored(row linkingRow, text string, at time.Time) identity.Stored {
	block, words, _ := strings.Cut(strings.TrimSpace(text), " ")
	i := identity.Stored{ID: uuid.Must(uuid.NewV7()), Provider: block, CreatedAt: at, LastLoginAt: at}
	i.Key = identity.Key{Issuer: "https://gone.example.com", Subject: uuid.NewString()}
	if issuer := w.issuers[block]; issuer != nil {
		i.Issuer = issuer.URL()
	}
	i.Email, i.Phone, i.EmailVerified, i.PhoneVerified = row.contacts(words)
	return i
}

// payload returns the login of a row.
func (w linkingWorld) payload(row linkingRow) map[string]any {
	block, words, _ := strings.Cut(row.login, " ")
	email, phone, emailVerified, phoneVerified := row.contacts(words)
	token := w.issuers[block].OIDCToken("subject of "+row.id, func(token *providertest.Token) {
		delete(token.Claims, "email")
		delete(token.Claims, "email_verified")
		if email != "" {
			token.Claims["email"], token.Claims["email_verified"] = email, emailVerified
		}
		if phone != "" {
			token.Claims["phone_number"], token.Claims["phone_number_verified"] = phone, phoneVerified
		}
	})
	return map[string]any{"oauth_token": map[string]any{"id_token": token}, "transport": "bearer"}
}

// TestLinking_Table executes each row of the truth table over HTTP. A rejected login
// writes nothing.
func TestLinking_Table(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		t.Helper()
		w := newLinkingWorld(t, b)
		db := w.database.opened(t)
		rows := linkingRows(t)
		for len(rows) > 0 {
			configuration := rows[0].configuration
			p := w.start(t, "nethttp", configuration)
			rest := rows[:0:0]
			for _, row := range rows {
				if row.configuration != configuration {
					rest = append(rest, row)
					continue
				}
				w.check(t, p, row, w.store(t, db, row))
			}
			p.end(t)
			rows = rest
		}
	})
}

// check logs in as a row describes.
func (w linkingWorld) check(t *testing.T, p *program, row linkingRow, users []identity.UserID) {
	t.Helper()
	before := w.database.dump(t)
	payload := w.payload(row)
	a := repeat(func() reply { return p.login(t, payload) }, reply.keysSlow)
	var body struct {
		Code    string
		Created bool
		Linked  *bool
		User    struct{ ID string }
	}
	a.decode(t, &body)
	got := fmt.Sprintf("%d %s", a.Status, body.Code)
	switch at := slices.IndexFunc(users, func(id identity.UserID) bool { return id.String() == body.User.ID }); {
	case a.Status == http.StatusCreated && body.Created && body.Linked == nil && at < 0:
		got = "new user"
	case a.Status == http.StatusOK && !body.Created && body.Linked != nil && *body.Linked && at >= 0:
		got = "link to " + string(rune('A'+at))
	}
	if got != row.result {
		t.Errorf("%s: %s, %s, users %s: %s, want %s: %s", row.id, row.configuration, row.login, row.users, got, row.result, a.Body)
	}
	if after := w.database.dump(t); (after == before) != (a.Status >= http.StatusBadRequest) {
		t.Errorf("%s: %d, and the rows were\n%s\nand are\n%s", row.id, a.Status, before, after)
	}
}

// A login that links revokes the older sessions of the user, and both providers then
// sign in the same user.
func TestLinking_Sessions(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		w := newLinkingWorld(t, backend{create: sqliteFile})
		p := w.start(t, framework, "email")
		row := linkingRow{id: "L99"}
		signIn := func(login string, status int) signedIn {
			t.Helper()
			row.login = login
			payload := w.payload(row)
			a := repeat(func() reply { return p.login(t, payload) }, reply.keysSlow)
			if a.Status != status || strings.Contains(a.Body, "linked") != (login == "new EMAIL") {
				t.Fatalf("%s: %d %s", login, a.Status, a.Body)
			}
			return p.signedIn(t, a)
		}
		first := signIn("old email", http.StatusCreated)
		want := *p.me(t, first.credential).UserID
		linked := signIn("new EMAIL", http.StatusOK)
		p.rejects(t, first.credential)
		again := signIn("old email", http.StatusOK)
		for _, s := range []signedIn{linked, again} {
			if got := *p.me(t, s.credential).UserID; got != want {
				t.Errorf("the user is %s, want %s", got, want)
			}
		}
	})
}
