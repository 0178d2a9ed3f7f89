package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// importHarness is a harness whose users are in memory.
type importHarness struct {
	*harness
	db *memstore.DB
}

func newImportHarness(t *testing.T, list ...core.Option) importHarness {
	t.Helper()
	db := memstore.New()
	return importHarness{newHarness(t, func(s *core.Settings) { s.Database = database.Existing(db) }, list...), db}
}

// imports imports lines of the block "cotter", and checks the counts: lines,
// created, updated, unchanged, skipped and rejected.
func (h importHarness) imports(t *testing.T, content string, want [6]int) core.ImportResult {
	t.Helper()
	return h.importsWith(t, core.Import{Provider: "cotter"}, content, want)
}

func (h importHarness) importsWith(t *testing.T, o core.Import, content string, want [6]int) core.ImportResult {
	t.Helper()
	r, err := h.kit.Users().Import(t.Context(), strings.NewReader(content), o)
	if (err != nil) != (want[5] > 0) {
		t.Fatalf("error %v with %d rejected lines, %v", err, r.Rejected, r.Rejections)
	}
	if got := [6]int{r.Lines, r.Created, r.Updated, r.Unchanged, r.Skipped, r.Rejected}; got != want {
		t.Fatalf("got the counts %v, want %v: %v", got, want, r.Rejections)
	}
	return r
}

func (h importHarness) find(t *testing.T, subject string) identity.User {
	t.Helper()
	user, err := h.db.Accounts().Find(t.Context(), identity.Key{Issuer: providertest.CotterIssuer, Subject: subject})
	if err != nil {
		t.Fatalf("%s: %v", subject, err)
	}
	return user
}

// isEmpty checks that the database has no user.
func (h importHarness) isEmpty(t *testing.T) {
	t.Helper()
	users, err := h.db.Accounts().List(t.Context(), account.Query{Limit: 1})
	if err != nil || len(users) > 0 {
		t.Errorf("users %v, %v, want none", users, err)
	}
}

// line returns a line whose members alternate names and values.
func line(t *testing.T, subject string, members ...any) string {
	t.Helper()
	object := map[string]any{"subject": subject}
	for i := 0; i < len(members); i += 2 {
		object[members[i].(string)] = members[i+1]
	}
	return text(t, object) + "\n"
}

// Cases: A18.
func TestUsers_ImportThenLogin(t *testing.T) {
	t.Parallel()
	hook := func(context.Context, core.Registration) error {
		return errors.New("OnRegister runs for an imported user")
	}
	h := newImportHarness(t, core.WithOnRegister(hook))
	if r := h.login(t, bob, ""); r.Status != http.StatusInternalServerError {
		t.Fatalf("the hook does not run for a new user: %d", r.Status)
	}
	subject := providertest.SubjectOf(ada)
	h.imports(t, line(t, subject, "identifier", ada, "email", ada, "email_verified", true, "phone", "+12025550100",
		"phone_verified", true, "external_id", "7", "created_at", "2021-07-31T12:00:00.5+02:00"), [6]int{1, 1})

	imported := h.find(t, subject)
	want := identity.User{
		ID: imported.ID, IdentityID: imported.IdentityID, ExternalID: "7",
		Key:      identity.Key{Issuer: providertest.CotterIssuer, Subject: subject},
		Provider: "cotter", Identifier: ada, Email: ada, EmailVerified: true, Phone: "+12025550100", PhoneVerified: true,
		CreatedAt: time.Date(2021, 7, 31, 10, 0, 0, 500e6, time.UTC),
	}
	if imported != want || imported.ID.Version() != 7 {
		t.Errorf("stored %+v, want %+v", imported, want)
	}
	var response struct {
		Created bool
		User    struct {
			ID         string
			ExternalID string `json:"external_id"`
		}
	}
	decode(t, h.login(t, ada, ""), &response)
	if response.Created || response.User.ID != imported.ID.String() {
		t.Errorf("the login returns %+v, want the imported user %s", response, imported.ID)
	}
	if after := h.find(t, subject); after.ExternalID != "7" || after.LastLoginAt.IsZero() {
		t.Errorf("after the login: %+v", after)
	}
}

func TestUsers_ImportRejections(t *testing.T) {
	t.Parallel()
	const valid = `{"subject":"ada","email":"ada@example.com","email_verified":true}`
	for name, c := range map[string]struct{ second, problem string }{
		"not JSON":          {`subject: bob`, "it is not one JSON object"},
		"two objects":       {`{"subject":"bob"} {}`, "it is not one JSON object"},
		"list":              {`[{"subject":"bob"}]`, "it is not one JSON object"},
		"duplicate member":  {`{"subject":"bob","subject":"bob"}`, "duplicate member"},
		"unknown member":    {`{"subject":"bob","mail":"bob@example.com"}`, `unknown member "mail": the members are subject, `},
		"other letter case": {`{"Subject":"bob"}`, `unknown member "Subject"`},
		"no subject":        {`{"email":"bob@example.com"}`, "subject must be"},
		"null subject":      {`{"subject":null}`, "subject must be"},
		"number as subject": {`{"subject":7}`, "subject must be a string"},
		"subject with edge": {`{"subject":"bob "}`, "subject must be"},
		"email":             {`{"subject":"bob","email":"bob"}`, "email must be"},
		"phone":             {`{"subject":"bob","phone":"2025550100"}`, "phone must be in E.164"},
		"flag as string":    {`{"subject":"bob","email":"bob@example.com","email_verified":"true"}`, "email_verified must be true or false"},
		"flag without mail": {`{"subject":"bob","email_verified":true}`, "email_verified is true without an email"},
		"flag no phone":     {`{"subject":"bob","phone_verified":true}`, "phone_verified is true without a phone"},
		"empty external id": {`{"subject":"bob","external_id":"a\u0000"}`, "external_id must be"},
		"long external id":  {`{"subject":"bob","external_id":"` + strings.Repeat("x", 256) + `"}`, "external_id must be"},
		"NUL in identifier": {`{"subject":"bob","identifier":"\u0000"}`, "identifier must have no NUL"},
		"date":              {`{"subject":"bob","created_at":"2021-07-31"}`, "created_at must be a time"},
		"future":            {`{"subject":"bob","created_at":"2030-01-01T00:00:00Z"}`, "created_at must be between 1970 and now"},
		"before 1970":       {`{"subject":"bob","created_at":"1969-01-01T00:00:00Z"}`, "created_at must be between 1970 and now"},
		"long line":         {`{"subject":"bob","identifier":"` + strings.Repeat("x", 64<<10) + `"}`, "it is longer than 64 KiB"},
		"same subject":      {`{"subject":"ada","email":"eve@example.com"}`, "line 1 has the same subject with other data"},
		"other verified":    {`{"subject":"ada","email":"ada@example.com"}`, "line 1 has the same subject with other data"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newImportHarness(t)
			r := h.imports(t, valid+"\n\n"+c.second+"\n"+`{"subject":"carol"}`, [6]int{3, 2, 0, 0, 0, 1})
			if got := r.Rejections; len(got) != 1 || got[0].Line != 3 || !strings.Contains(got[0].Problem, c.problem) {
				t.Errorf("got %+v, want %q of line 3", got, c.problem)
			}
			if strings.Contains(text(t, r), "@") {
				t.Errorf("the result contains a contact: %+v", r)
			}
			h.isEmpty(t)
			h.imports(t, valid+"\n\n"+`{"subject":"carol"}`, [6]int{2, 2})
		})
	}
}

func TestUsers_ImportAgain(t *testing.T) {
	t.Parallel()
	h := newImportHarness(t)
	subject := providertest.SubjectOf(ada)
	first := line(t, subject, "email", "old@example.com", "email_verified", true)
	h.imports(t, first, [6]int{1, 1})
	imported := h.find(t, subject)
	h.imports(t, first+first, [6]int{2, 0, 0, 2})
	if again := h.find(t, subject); again != imported {
		t.Errorf("a repeated import changes %+v to %+v", imported, again)
	}

	corrected := line(t, subject, "email", "new@example.com", "phone", "+12025550100", "external_id", "7", "created_at", "2021-07-31T12:00:00Z")
	h.imports(t, corrected, [6]int{1, 0, 1})
	updated := h.find(t, subject)
	if want := imported; updated.ID != want.ID || updated.IdentityID != want.IdentityID || updated.CreatedAt != want.CreatedAt ||
		updated.Email != "new@example.com" || updated.EmailVerified || updated.Phone != "+12025550100" || updated.ExternalID != "7" {
		t.Errorf("corrected to %+v", updated)
	}
	h.imports(t, corrected, [6]int{1, 0, 0, 1})

	is(t, h.login(t, ada, ""), http.StatusOK, "")
	signedIn := h.find(t, subject)
	h.imports(t, first, [6]int{1, 0, 0, 1})
	if after := h.find(t, subject); after != signedIn {
		t.Errorf("an import changes a user who has signed in from %+v to %+v", signedIn, after)
	}
}

// A user who registered before the import gets the application's id.
func TestUsers_ImportOfRegisteredUser(t *testing.T) {
	t.Parallel()
	h := newImportHarness(t)
	is(t, h.login(t, ada, ""), http.StatusCreated, "")
	subject := providertest.SubjectOf(ada)
	before := h.find(t, subject)
	h.imports(t, line(t, subject, "email", "other@example.com", "external_id", "7"), [6]int{1, 0, 1})
	before.ExternalID = "7"
	if after := h.find(t, subject); after != before {
		t.Errorf("got %+v, want %+v", after, before)
	}
}

func TestUsers_ImportConflicts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, problem string }{
		"other external id": {line(t, "ada", "external_id", "8"), "the user of this subject has another external_id"},
		"taken by a user":   {line(t, "bob", "external_id", "7"), "external_id is that of another user"},
		"taken for known":   {line(t, "carol", "external_id", "7"), "external_id is that of another user"},
	} {
		h := newImportHarness(t)
		h.imports(t, line(t, "ada", "external_id", "7")+line(t, "carol"), [6]int{2, 2})
		r := h.imports(t, c.content+line(t, "dave"), [6]int{2, 1, 0, 0, 0, 1})
		if r.Rejections[0].Line != 1 || r.Rejections[0].Problem != c.problem {
			t.Errorf("%s: %+v", name, r.Rejections)
		}
		_, err := h.db.Accounts().Find(t.Context(), identity.Key{Issuer: providertest.CotterIssuer, Subject: "dave"})
		if !errors.Is(err, account.ErrNotFound) {
			t.Errorf("%s: a line of a rejected file is written (%v)", name, err)
		}
	}
	h := newImportHarness(t)
	r := h.imports(t, line(t, "ada", "external_id", "7")+line(t, "bob", "external_id", "7"), [6]int{2, 1, 0, 0, 0, 1})
	if want := "line 1 has the same external_id with another subject"; r.Rejections[0].Problem != want {
		t.Errorf("within the file: %+v, want %s", r.Rejections, want)
	}
	h.isEmpty(t)
}

func TestUsers_ImportManyRejections(t *testing.T) {
	t.Parallel()
	h := newImportHarness(t)
	r := h.imports(t, strings.Repeat("x\n", 2500), [6]int{2500, 0, 0, 0, 0, 2500})
	if len(r.Rejections) != 1000 || r.Rejections[999].Line != 1000 {
		t.Errorf("%d rejections are listed, want the first 1000", len(r.Rejections))
	}
}

func TestUsers_ImportDryRun(t *testing.T) {
	t.Parallel()
	h := newImportHarness(t)
	content := line(t, "ada") + line(t, "bob", "external_id", "7")
	h.importsWith(t, core.Import{Provider: "cotter", DryRun: true}, content, [6]int{2, 2})
	h.isEmpty(t)
	h.imports(t, content, [6]int{2, 2})
	h.importsWith(t, core.Import{Provider: "cotter", DryRun: true}, line(t, "ada", "phone", "+12025550100")+line(t, "bob"), [6]int{2, 0, 1, 1})
	if h.find(t, "ada").Phone != "" {
		t.Error("a dry run writes")
	}
}

// Users as Cotter's API returns them.
func TestUsers_ImportOfCottersList(t *testing.T) {
	t.Parallel()
	user := func(edits ...any) string {
		object := map[string]any{
			"ID": providertest.SubjectOf(ada), "client_user_id": providertest.SubjectOf(ada), "issuer": providertest.Audience,
			"identifier": ada, "identifiers": nil, "enrolled": []string{"WEBAUTHN"}, "default_method": nil,
			"created_at": "2020-08-22T20:44:52.123456Z", "update_at": "2020-08-22T20:44:52.123456Z", "deleted_at": "0001-01-01T00:00:00Z",
		}
		for i := 0; i < len(edits); i += 2 {
			object[edits[i].(string)] = edits[i+1]
		}
		encoded, _ := json.Marshal(object)
		return string(encoded) + "\n"
	}
	h := newImportHarness(t)
	phone, name := uuid.NewString(), uuid.NewString()
	h.imports(t, user()+
		user("ID", phone, "identifier", "+12025550100", "deleted_at", nil)+
		user("ID", name, "identifier", "ada")+
		user("ID", uuid.NewString(), "deleted_at", "2021-01-01T00:00:00Z"), [6]int{4, 3, 0, 0, 1})
	if got := h.find(t, providertest.SubjectOf(ada)); got.Email != ada || got.EmailVerified || got.Identifier != ada ||
		!got.CreatedAt.Equal(time.Date(2020, 8, 22, 20, 44, 52, 123e6, time.UTC)) {
		t.Errorf("imported %+v", got)
	}
	if got := h.find(t, phone); got.Phone != "+12025550100" || got.PhoneVerified || got.Email != "" {
		t.Errorf("with a phone number: %+v", got)
	}
	if got := h.find(t, name); got.Identifier != "ada" || got.Email != "" || got.Phone != "" {
		t.Errorf("with a user name: %+v", got)
	}
	is(t, h.login(t, ada, ""), http.StatusOK, "")

	for problem, edits := range map[string][]any{
		"issuer must be the API key":    {"issuer", uuid.NewString()},
		"ID must be a UUID":             {"ID", uuid.Nil.String()},
		"created_at must be a time":     {"created_at", 7},
		"deleted_at must be a time":     {"deleted_at", "never"},
		"created_at must be between 19": {"created_at", "2030-01-01T00:00:00Z"},
	} {
		if r := h.imports(t, user(edits...), [6]int{1, 0, 0, 0, 0, 1}); !strings.Contains(r.Rejections[0].Problem, problem) {
			t.Errorf("%s: %+v", problem, r.Rejections)
		}
	}
}

func TestUsers_ImportSelectsIssuer(t *testing.T) {
	t.Parallel()
	db := memstore.New()
	tenants := []string{uuid.NewString(), uuid.NewString()}
	const template = "https://login.microsoftonline.com/{tenantid}/v2.0"
	h := importHarness{newHarness(t, func(s *core.Settings) {
		s.Database = database.Existing(db)
		s.Providers = append(s.Providers, oidc.Provider("entra", oidc.Settings{Issuer: template, Tenants: tenants, Audience: []string{"app"}}))
	}), db}
	tenant := strings.Replace(template, "{tenantid}", tenants[1], 1)
	for want, o := range map[string]core.Import{
		`there is no provider "other": the providers are "cotter", "entra"`: {Provider: "other"},
		`provider "entra" accepts the issuers `:                             {Provider: "entra"},
		`accepts the issuers https://www.cotter.app: select`:                {Provider: "cotter", Issuer: tenant},
	} {
		if _, err := h.kit.Users().Import(t.Context(), strings.NewReader(line(t, "ada")), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", o, err, want)
		}
	}
	h.isEmpty(t)
	h.importsWith(t, core.Import{Provider: "entra", Issuer: tenant}, line(t, "ada"), [6]int{1, 1})
	if user, err := db.Accounts().Find(t.Context(), identity.Key{Issuer: tenant, Subject: "ada"}); err != nil || user.Provider != "entra" {
		t.Errorf("got %+v, %v", user, err)
	}
}

func TestUsers_ImportConcurrently(t *testing.T) {
	t.Parallel()
	h := newImportHarness(t)
	var content strings.Builder
	const users = 700
	for n := range users {
		content.WriteString(line(t, fmt.Sprint("subject-", n), "external_id", fmt.Sprint(n)))
	}
	content.WriteString(line(t, providertest.SubjectOf(ada), "external_id", "ada"))
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			r, err := h.kit.Users().Import(t.Context(), strings.NewReader(content.String()), core.Import{Provider: "cotter"})
			if err != nil || r.Lines != users+1 || r.Created+r.Updated+r.Unchanged != users+1 {
				t.Errorf("%+v, %v", r, err)
			}
		})
		all.Go(func() { h.signIn(t, ada) })
	}
	all.Wait()
	stored, err := h.db.Accounts().List(t.Context(), account.Query{Limit: 2 * users})
	if err != nil || len(stored) != users+1 {
		t.Errorf("%d users, %v, want %d", len(stored), err, users+1)
	}
	if got := h.find(t, providertest.SubjectOf(ada)); got.ExternalID != "ada" || got.LastLoginAt.IsZero() {
		t.Errorf("the user who signed in meanwhile: %+v", got)
	}
}

// What changes between the check of a file and its writing.
func TestUsers_ImportOvertaken(t *testing.T) {
	t.Parallel()
	h := newImportHarness(t)
	change := func(int, int) {}
	o := core.Import{Provider: "cotter", Progress: func(n, total int) {
		if total == 0 {
			change(n, total)
		}
	}}
	first := &sequence{[]string{line(t, "ada"), line(t, "ada\x00")}}
	_, err := h.kit.Users().Import(t.Context(), first, o)
	if err == nil || !strings.Contains(err.Error(), "line 1: it has changed since it was checked") {
		t.Errorf("another file: %v", err)
	}
	h.isEmpty(t)

	change = func(int, int) {
		err := h.db.Accounts().Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
			return tx.CreateUser(ctx, identity.User{ID: uuid.Must(uuid.NewV7()), ExternalID: "7", CreatedAt: h.clock.Now()})
		})
		if err != nil {
			t.Error(err)
		}
	}
	content := line(t, "ada") + line(t, "bob", "external_id", "7")
	_, err = h.kit.Users().Import(t.Context(), strings.NewReader(content), o)
	if err == nil || !strings.Contains(err.Error(), "line 2: external_id is that of another user: import the file again") {
		t.Errorf("the external id is assigned meanwhile: %v", err)
	}
	change = func(int, int) { h.imports(t, line(t, "ada", "external_id", "8"), [6]int{1, 1}) }
	_, err = h.kit.Users().Import(t.Context(), strings.NewReader(line(t, "ada", "external_id", "9")), o)
	if err == nil || !strings.Contains(err.Error(), "line 1: the user of this subject has another external_id") {
		t.Errorf("the subject has another external id: %v", err)
	}
}

// sequence has other contents each time that it is read from the start.
type sequence struct{ contents []string }

func (s *sequence) Read(p []byte) (int, error) {
	n := copy(p, s.contents[0])
	s.contents[0] = s.contents[0][n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (s *sequence) Seek(int64, int) (int64, error) {
	s.contents = s.contents[1:]
	return 0, nil
}

func TestUsers_ImportProgress(t *testing.T) {
	t.Parallel()
	h := newImportHarness(t)
	var content strings.Builder
	for n := range 1200 {
		content.WriteString(line(t, fmt.Sprint("subject-", n)))
	}
	var calls [][2]int
	o := core.Import{Provider: "cotter", Progress: func(n, total int) { calls = append(calls, [2]int{n, total}) }}
	h.importsWith(t, o, content.String(), [6]int{1200, 1200})
	if want := [][2]int{{1000, 0}, {1200, 0}, {500, 1200}, {1000, 1200}, {1200, 1200}}; !slices.Equal(calls, want) {
		t.Errorf("got %v, want %v", calls, want)
	}
}

func TestUsers_ImportWithoutUsers(t *testing.T) {
	t.Parallel()
	h := newHarness(t, func(s *core.Settings) {
		providerToken(func(p *config.ProviderTokenSession) { p.User = config.UserNone })(s)
		s.Database = nil
	})
	_, err := h.kit.Users().Import(t.Context(), strings.NewReader(line(t, "ada")), core.Import{Provider: "cotter"})
	if autherr.CodeOf(err) != autherr.NotFound {
		t.Errorf("got %v, want %s", err, autherr.NotFound)
	}
}

// A failure between two batches leaves the first one, and a repeated import
// continues it.
func TestUsers_ImportInterrupted(t *testing.T) {
	t.Parallel()
	h := newImportHarness(t)
	var content strings.Builder
	for n := range 1200 {
		content.WriteString(line(t, fmt.Sprint("subject-", n), "external_id", fmt.Sprint(n)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := h.kit.Users().Import(ctx, strings.NewReader(content.String()), core.Import{Provider: "cotter", Progress: func(_, total int) {
		if total > 0 {
			cancel()
		}
	}})
	if autherr.CodeOf(err) != autherr.TemporarilyUnavailable || r.Created != 500 {
		t.Fatalf("interrupted: %+v, %v", r, err)
	}
	first := h.find(t, "subject-0")
	h.imports(t, content.String(), [6]int{1200, 700, 0, 500})
	if h.find(t, "subject-0") != first {
		t.Error("the continued import changes a user")
	}
}
