package account

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/identity"
)

var update = flag.Bool("update", false, "update LINKING.md")

// linkingRow is a row of testdata/linking.tsv. A login and the identities of users
// consist of the name of a block and contacts: "?" is one that is not verified.
// Users are separated by ";", their identities by "+".
type linkingRow struct{ id, configuration, login, users, result, because string }

func linkingRows(t *testing.T) []linkingRow {
	t.Helper()
	text, err := os.ReadFile("testdata/linking.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows []linkingRow
	for line := range strings.Lines(string(text)) {
		c := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(c) != 6 {
			t.Fatalf("a row has %d columns: %q", len(c), line)
		}
		rows = append(rows, linkingRow{c[0], c[1], c[2], c[3], c[4], c[5]})
	}
	return rows[1:]
}

// linkingBlocks are the blocks of the table by name. The issuer of each is its name;
// an identity of "gone" belongs to none.
var linkingBlocks = map[string]Block{
	"new":       {State: config.StateActive, TrustsEmail: true, TrustsPhone: true},
	"old":       {State: config.StateActive, TrustsEmail: true, TrustsPhone: true},
	"more":      {State: config.StateActive, TrustsEmail: true, TrustsPhone: true},
	"draining":  {State: config.StateDraining, TrustsEmail: true, TrustsPhone: true},
	"disabled":  {State: config.StateDisabled, TrustsEmail: true, TrustsPhone: true},
	"untrusted": {State: config.StateActive},
}

func linkingBlock(provider, issuer string) (Block, bool) {
	block, ok := linkingBlocks[issuer]
	return block, ok && provider == issuer
}

var linkingContacts = map[string]string{
	"email": "ada@example.com", "EMAIL": "Ada@Example.COM", "other": "eve@example.com",
	"phone": "+12025550100", "another": "+12025550199",
}

// registrar returns the row's registrar, without a store.
func (row linkingRow) registrar() Registrar {
	words := strings.Fields(row.configuration)
	return Registrar{
		Create: !slices.Contains(words, "closed"),
		LinkOn: slices.DeleteFunc(words, func(word string) bool { return word != "email" && word != "phone" }),
		Blocks: linkingBlock,
	}
}

// stored returns the identity that a text describes.
func (row linkingRow) stored(text string) identity.Stored {
	block, contacts, _ := strings.Cut(strings.TrimSpace(text), " ")
	i := identity.Stored{Key: identity.Key{Issuer: block, Subject: text}, Provider: block}
	for word := range strings.FieldsSeq(contacts) {
		name, unverified := strings.CutSuffix(word, "?")
		switch value := linkingContacts[name]; {
		case strings.HasPrefix(value, "+"):
			i.Phone, i.PhoneVerified = value, !unverified
		case value != "":
			i.Email, i.EmailVerified = value, !unverified
		}
	}
	return i
}

// identity returns the identity that signs in, as the kit verifies it.
func (row linkingRow) identity() identity.Identity {
	i := row.stored(row.login)
	verification := func(proved, trusted bool) identity.Verification {
		if proved && trusted {
			return identity.Verified
		}
		return identity.Unverified
	}
	block := linkingBlocks[i.Provider]
	return identity.Identity{
		Key: i.Key, Provider: i.Provider,
		Email: identity.Contact{Value: i.Email, Verification: verification(i.EmailVerified, block.TrustsEmail)},
		Phone: identity.Contact{Value: i.Phone, Verification: verification(i.PhoneVerified, block.TrustsPhone)},
	}
}

// candidates returns the users of the row. The id of the first ends with 1.
func (row linkingRow) candidates() []candidate {
	var all []candidate
	if row.users == "-" {
		return nil
	}
	for text := range strings.SplitSeq(row.users, ";") {
		user := candidate{id: uuid.UUID{15: byte(len(all) + 1)}}
		text, user.disabled = strings.CutPrefix(strings.TrimSpace(text), "(disabled) ")
		for one := range strings.SplitSeq(text, "+") {
			user.identities = append(user.identities, row.stored(one))
		}
		all = append(all, user)
	}
	return all
}

// String returns the decision as the table has it.
func (d decision) String() string {
	switch code := autherr.CodeOf(d.err); {
	case code != "":
		return fmt.Sprintf("%d %s", code.Status(), code)
	case d.link == uuid.Nil:
		return "new user"
	default:
		return "link to " + string(rune('A'+d.link[15]-1))
	}
}

// The order of users and identities does not matter.
func TestRegistrar_LinkingTable(t *testing.T) {
	t.Parallel()
	for _, row := range linkingRows(t) {
		users := row.candidates()
		for range 2 {
			got := row.registrar().decide(row.identity(), users)
			if got.String() != row.result {
				t.Errorf("%s: %s, %s, users %s: %v (%v), want %s", row.id, row.configuration, row.login, row.users, got, got.err, row.result)
			}
			slices.Reverse(users)
			for _, user := range users {
				slices.Reverse(user.identities)
			}
		}
	}
}

// KeepStored proves nothing at the first login.
func TestRegistrar_LinkingKeepStored(t *testing.T) {
	t.Parallel()
	row := linkingRow{configuration: "email", login: "new email", users: "old email"}
	id := row.identity()
	if got := row.registrar().decide(id, row.candidates()).String(); got != "link to A" {
		t.Fatalf("verified: %s", got)
	}
	id.Email.Verification = identity.KeepStored
	if got := row.registrar().decide(id, row.candidates()).String(); got != "new user" {
		t.Errorf("not proved now: %s", got)
	}
}

// The document has the rows of the table.
func TestRegistrar_LinkingDocument(t *testing.T) {
	t.Parallel()
	var table bytes.Buffer
	for _, row := range linkingRows(t) {
		configuration := row.configuration
		if rest, closed := strings.CutPrefix(configuration, "closed "); closed {
			configuration = rest + ", create = false"
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s | %s |\n", row.id, configuration, row.login, row.users, row.result, row.because)
	}
	t.Logf("\n%s", &table)
	const file, mark = "LINKING.md", "|---|---|---|---|---|---|\n"
	document, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, after, ok := strings.Cut(string(document), mark)
	if !ok {
		t.Fatalf("%s has no table", file)
	}
	switch {
	case after == table.String():
	case *update:
		if err := os.WriteFile(file, []byte(before+mark+table.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is stale: run go test ./core/account -run LinkingDocument -update", file)
	}
}
