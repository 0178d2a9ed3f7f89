package integration_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account"
	"github.com/cotterpin/cotterpin/core/identity"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

var leavingPeople = flag.Int("leaving", 1000, "`number` of users in TestLeaving_FourDeploys; the long form has 10000")

// TestLeaving_FourDeploys follows the guide examples/leavingcotter with the files that
// it shows, and goes back to the file before at each step. A process of the file
// before runs during each deploy. Users keep their ids and their rows of the
// application.
func TestLeaving_FourDeploys(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		issuer := providertest.NewIssuer(t)
		leave(t, &leaving{
			cotter: newCotter(t), database: b.create(t), people: *leavingPeople,
			corp: issuer.URL(), audience: providertest.Audience, corpIssuer: issuer,
			signInAtCorp: func(_ *testing.T, name string) map[string]any {
				return postedID(issuer.OIDCToken(name + "@example.com"))
			},
		})
	})
}

// TestLeaving_OIDCProvider has oidc-provider as the new issuer.
func TestLeaving_OIDCProvider(t *testing.T) {
	t.Parallel()
	const algorithm = "ES256" // also the name of the client
	server := startOIDCProvider(t, []string{algorithm})
	leave(t, &leaving{
		cotter: newCotter(t), database: sqliteFile(t), people: max(20, *leavingPeople/50),
		corp: server.issuer, audience: algorithm, algorithm: algorithm,
		signInAtCorp: func(t *testing.T, name string) map[string]any {
			t.Helper()
			person := server
			person.user = name
			return loginPayload("corp", person.signIn(t, algorithm, map[string][]string{"claims": {emailInIDToken}}))
		},
	})
}

// emailInIDToken requests the claims of the email address in the ID token.
const emailInIDToken = `{"id_token":{"email":null,"email_verified":null}}`

// leaving is an application that leaves Cotter for the provider "corp".
type leaving struct {
	cotter    cotterAlone
	corp      string // issuer
	audience  string
	algorithm string // "": the default

	// signInAtCorp returns the login of NAME@example.com.
	signInAtCorp func(t *testing.T, name string) map[string]any
	corpIssuer   *providertest.Issuer // nil: corp signs regular tokens only

	database scratch
	people   int
	ids      []string // of person-0, person-1, …
}

// leave makes the four deploys.
func leave(t *testing.T, l *leaving) {
	t.Helper()
	one := l.start(t, 1)
	l.register(t, one)
	l.addRows(t)
	one.offers(t, "cotter")
	one.login(t, l.atCorp(t, 0)).is(t, http.StatusForbidden, "provider_draining")

	first, second, rest := l.people/10, l.people/5, l.people
	two := l.start(t, 2)
	two.offers(t, "corp", "cotter")
	l.link(t, two, 0, first)
	l.everyone(t, one, first) // known at both processes
	one.login(t, l.atCorp(t, first)).is(t, http.StatusForbidden, "provider_draining")
	one.end(t)
	two.end(t)
	back := l.start(t, 1)
	l.everyone(t, back, first)
	back.end(t)
	two = l.start(t, 2)
	l.link(t, two, first, second)
	l.refuseUncertain(t, two)

	three := l.start(t, 3)
	three.offers(t, "corp")
	l.everyone(t, two, second)
	l.everyone(t, three, second)
	l.newcomers(t, two, three)
	two.end(t)
	three.end(t)
	back = l.start(t, 2)
	l.everyone(t, back, second)
	back.end(t)
	three = l.start(t, 3)
	l.plans(t, second)
	l.link(t, three, second, rest)
	l.plans(t, rest)

	atCotter := three.signedIn(t, three.login(t, l.atCotter(t, name(0))))
	four := l.start(t, 4)
	four.offers(t, "corp")
	l.everyone(t, three, rest)
	l.onlyAtCorp(t, four, atCotter)
	three.end(t)
	four.end(t)
	back = l.start(t, 3)
	back.me(t, atCotter.credential)
	l.everyone(t, back, rest)
	back.end(t)
	four = l.start(t, 4)
	l.onlyAtCorp(t, four, atCotter)
	four.end(t)

	removed := l.startFile(t, removeCotter(l.file(t, 4)))
	l.manyAtCorp(t, removed, rest)
	l.checkRows(t)
}

func name(i int) string { return fmt.Sprintf("person-%d", i) }

func (l *leaving) atCorp(t *testing.T, i int) map[string]any {
	t.Helper()
	return l.signInAtCorp(t, name(i))
}

// atCotter returns the login of NAME@example.com by a one-time code, or with other
// claims.
func (l *leaving) atCotter(t *testing.T, name string, claims ...map[string]any) map[string]any {
	t.Helper()
	return l.cotter.login(t, name+"@example.com", claims...)
}

// register signs in the population at Cotter.
func (l *leaving) register(t *testing.T, p *program) {
	t.Helper()
	l.ids = make([]string, l.people)
	inBulk(l.people, func(i int) {
		payload := l.atCotter(t, name(i))
		a := p.untilServed(t, func() reply { return p.login(t, payload) })
		a.is(t, http.StatusCreated, "")
		l.ids[i] = p.signedIn(t, a).User.ID
	})
	if l.corpIssuer != nil {
		l.registerUncertain(t, p)
	}
}

// registerUncertain registers users that the new provider must not find.
func (l *leaving) registerUncertain(t *testing.T, p *program) {
	t.Helper()
	for _, payload := range []map[string]any{
		l.atCotter(t, "unverified", map[string]any{"authentication_method": "WEBAUTHN"}),
		l.atCotter(t, "reassigned"),
		l.atCotter(t, "reassigned", map[string]any{"sub": uuid.NewString()}),
		l.atCotter(t, "attacker"),
		l.atCotter(t, "disabled"),
	} {
		p.login(t, payload).is(t, http.StatusCreated, "")
	}
	db := l.database.opened(t)
	attacker, disabled := l.find(t, "attacker"), l.find(t, "disabled")
	err := db.Accounts().Transact(t.Context(), nil, func(ctx context.Context, tx account.Tx) error {
		return tx.AddIdentity(ctx, attacker, identity.Stored{
			ID:  uuid.New(),
			Key: identity.Key{Issuer: l.cotter.address, Subject: uuid.NewString()}, Provider: "cotter",
			Identifier: "planted@example.com", Email: "planted@example.com", EmailVerified: true, CreatedAt: time.Now(),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Accounts().Disable(t.Context(), disabled, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// find returns the user with that email address.
func (l *leaving) find(t *testing.T, name string) identity.UserID {
	t.Helper()
	found, err := l.database.opened(t).Accounts().List(t.Context(), account.Query{Email: name + "@example.com", Limit: 2})
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %d users, error %v", name, len(found), err)
	}
	return found[0].ID
}

// link signs in people at corp for the first time: they are the users of Cotter.
func (l *leaving) link(t *testing.T, p *program, from, to int) {
	t.Helper()
	before := l.database.rows(t)
	inBulk(to-from, func(i int) {
		i += from
		payload := l.atCorp(t, i)
		a := p.untilServed(t, func() reply { return p.login(t, payload) })
		a.is(t, http.StatusOK, "")
		if s := p.signedIn(t, a); s.User.ID != l.ids[i] || !strings.Contains(a.Body, `"linked":true`) {
			t.Errorf("person %d is %s, want user %s linked", i, a.Body, l.ids[i])
		}
	})
	if got := l.database.rows(t); got.users != before.users || got.identities != before.identities+to-from {
		t.Errorf("linking %d people: %+v, then %+v", to-from, before, got)
	}
}

// everyone signs in people at a process: those who are linked at corp or at Cotter, by
// turns, and the others at Cotter. It is every tenth person unless there are more than
// 1,000; all sign in at the end.
func (l *leaving) everyone(t *testing.T, p *program, linked int) {
	t.Helper()
	step := 10
	if l.people > 1000 {
		step = 1
	}
	l.sameUsers(t, p, l.people/step, func(t *testing.T, turn int) (i int, payload map[string]any) {
		t.Helper()
		i = turn * step
		if i < linked && turn%2 == 0 {
			return i, l.atCorp(t, i)
		}
		return i, l.atCotter(t, name(i))
	})
}

// manyAtCorp signs in people at corp.
func (l *leaving) manyAtCorp(t *testing.T, p *program, people int) {
	t.Helper()
	l.sameUsers(t, p, people, func(t *testing.T, i int) (int, map[string]any) {
		t.Helper()
		return i, l.atCorp(t, i)
	})
}

// sameUsers signs in people, who are the users from before.
func (l *leaving) sameUsers(t *testing.T, p *program, logins int, login func(t *testing.T, turn int) (i int, payload map[string]any)) {
	t.Helper()
	inBulk(logins, func(turn int) {
		i, payload := login(t, turn)
		a := p.untilServed(t, func() reply { return p.login(t, payload) })
		a.is(t, http.StatusOK, "")
		if s := p.signedIn(t, a); s.User.ID != l.ids[i] {
			t.Errorf("person %d is user %s, want %s", i, s.User.ID, l.ids[i])
		}
	})
}

// onlyAtCorp checks that people sign in at corp, and none at Cotter.
func (l *leaving) onlyAtCorp(t *testing.T, p *program, atCotter signedIn) {
	t.Helper()
	l.manyAtCorp(t, p, l.people/10)
	p.login(t, l.atCotter(t, name(0))).is(t, http.StatusUnauthorized, "invalid_token")
	p.rejects(t, atCotter.credential)
}

// newcomers sign up while two processes have Cotter active and draining.
func (l *leaving) newcomers(t *testing.T, active, draining *program) {
	t.Helper()
	payload := l.atCotter(t, "newcomer-1")
	draining.login(t, payload).is(t, http.StatusForbidden, "provider_draining")
	active.login(t, payload).is(t, http.StatusCreated, "")
	draining.login(t, payload).is(t, http.StatusOK, "")
	draining.login(t, l.signInAtCorp(t, "newcomer-2")).is(t, http.StatusCreated, "")
	active.login(t, l.signInAtCorp(t, "newcomer-2")).is(t, http.StatusOK, "")
}

// plans checks the counts of the plan of deploy 3 when that many people are linked.
func (l *leaving) plans(t *testing.T, linked int) {
	t.Helper()
	uncertain := 0
	if l.corpIssuer != nil {
		uncertain = 6 // identities of registerUncertain
	}
	r := runCommand(t, l.file(t, 3), "plan", "--json")
	var plan struct {
		Identities []core.IdentityCount `json:"identities"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &plan); err != nil || r.code != 0 {
		t.Fatalf("plan: exit code %d, error %v\n%s", r.code, err, r.stderr)
	}
	want := core.IdentityCount{
		Provider: "cotter", Issuer: l.cotter.address, Block: "cotter", State: "draining",
		Identities: l.people + 1 + uncertain, Elsewhere: linked,
		Linkable: l.people + 1 - linked, // with newcomer-1
		Stranded: uncertain,
	}
	if !slices.Contains(plan.Identities, want) {
		t.Errorf("got the plan %s\nwant %+v", r.stdout, want)
	}
}

// offers checks which providers have a button, in their order.
func (p *program) offers(t *testing.T, want ...string) {
	t.Helper()
	var body struct{ Providers []struct{ Name string } }
	p.send(t, "GET", "/auth/providers").decode(t, &body)
	var got []string
	for _, provider := range body.Providers {
		got = append(got, provider.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the providers are %q, want %q", got, want)
	}
}

// refuseUncertain signs in at corp people who have not proved to be a user, and
// merges none of them.
func (l *leaving) refuseUncertain(t *testing.T, p *program) {
	t.Helper()
	if l.corpIssuer == nil {
		return
	}
	token := func(name string, edits ...providertest.Edit) map[string]any {
		return postedID(l.corpIssuer.OIDCToken(name+"@example.com", edits...))
	}
	before := l.database.rows(t)
	p.login(t, token("reassigned")).is(t, http.StatusConflict, "account_exists")
	p.login(t, token("planted")).is(t, http.StatusConflict, "account_exists")
	p.login(t, token("disabled")).is(t, http.StatusForbidden, "account_disabled")
	if got := l.database.rows(t); got != before {
		t.Errorf("refused logins wrote: %+v, then %+v", before, got)
	}
	last := l.people - 1 // not linked yet
	for what, payload := range map[string]map[string]any{
		"unverified at Cotter": token("unverified"),
		"unverified at corp":   token(name(last), providertest.Claim("email_verified", false), providertest.Claim("sub", "another")),
		"reassigned at corp":   token(name(0), providertest.Claim("sub", "a later owner")),
	} {
		a := p.login(t, payload)
		if s := p.signedIn(t, a); a.Status != http.StatusCreated || s.User.ID == l.ids[0] || s.User.ID == l.ids[last] {
			t.Errorf("%s: got %d %s, want a new user", what, a.Status, a.Body)
		}
	}
}

// addRows adds a row of the application for each user.
func (l *leaving) addRows(t *testing.T) {
	t.Helper()
	key := "uuid"
	if l.database.dialect.Name == "mysql" {
		key = "char(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
	}
	l.database.execute(t,
		"CREATE TABLE notes (user_id "+key+" NOT NULL REFERENCES auth_users (id), email varchar(254) NOT NULL)",
		"INSERT INTO notes (user_id, email) SELECT user_id, email FROM auth_identities WHERE email LIKE 'person-%'")
}

// checkRows checks that each person signs in at corp as the user whose row of the
// application is the person's.
func (l *leaving) checkRows(t *testing.T) {
	t.Helper()
	l.database.has(t, l.people, "SELECT count(*) FROM notes")
	for _, provider := range []string{"cotter", "corp"} {
		l.database.has(t, l.people, `SELECT count(*) FROM notes JOIN auth_identities
			ON auth_identities.user_id = notes.user_id AND auth_identities.email = notes.email WHERE auth_identities.provider = '`+provider+`'`)
	}
}

// start starts the demo application with a file of the guide.
func (l *leaving) start(t *testing.T, deploy int) *program {
	t.Helper()
	return l.startFile(t, l.file(t, deploy))
}

func (l *leaving) startFile(t *testing.T, file string) *program {
	t.Helper()
	p := start(t, "nethttp", file)
	p.database = l.database
	return p
}

// file returns a file of the guide for the servers of this test.
func (l *leaving) file(t *testing.T, deploy int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("../examples/leavingcotter/auth.%d.hcl", deploy))
	if err != nil {
		t.Fatal(err)
	}
	file := string(text)
	algorithms := ""
	if l.algorithm != "" {
		algorithms = fmt.Sprintf("\n  algorithms = [%q]", l.algorithm)
	}
	for _, r := range [][2]string{
		{`base_url        = "https://api.example.com"`, "mode = \"development\"\n  base_url = \"http://localhost:8080\""},
		{`allowed_origins = ["https://app.example.com"]`, ""},
		{`api_key_id = env("COTTER_API_KEY_ID")`, l.cotter.arguments()},
		{`issuer   = "https://login.example.com"`, fmt.Sprintf("issuer = %q", l.corp)},
		{`audience = ["app"]`, fmt.Sprintf("audience = [%q]%s", l.audience, algorithms)},
		{"database \"sqlite\" {}\n", l.database.block},
	} {
		if !strings.Contains(file, r[0]) {
			t.Fatalf("auth.%d.hcl has no %q", deploy, r[0])
		}
		file = strings.Replace(file, r[0], r[1], 1)
	}
	return file
}

// removeCotter removes the block of Cotter.
func removeCotter(file string) string {
	before, rest, _ := strings.Cut(file, `provider "cotter" {`)
	_, after, _ := strings.Cut(rest, "}\n")
	return before + after
}

// cotterAlone is an emulator of Cotter in this process.
type cotterAlone struct {
	*client

	address string
}

func newCotter(t *testing.T) cotterAlone {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	address := "http://localhost:" + portOf(server.Listener)
	handler, err := emulator.New(emulator.Options{APIKeyID: emulator.APIKeyID, IssuerURL: address})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	return cotterAlone{&client{origin: address}, address}
}

// arguments returns those of a block that uses the emulator.
func (c cotterAlone) arguments() string {
	return fmt.Sprintf("api_key_id = %q\n  base_url = %q\n  issuer = %q", emulator.APIKeyID, c.address+"/api/v0", c.address)
}

// login returns the login of an identifier, with other claims of its tokens.
func (c cotterAlone) login(t *testing.T, identifier string, claims ...map[string]any) map[string]any {
	t.Helper()
	mint := map[string]any{"identifier": identifier}
	for _, claims := range claims {
		mint["access"], mint["id"] = claims, claims
	}
	a, err := c.try("POST", "/_emulator/mint", posting(encode(mint)))
	if err != nil || a.Status != http.StatusOK {
		t.Fatalf("mint: %d %s (error %v)", a.Status, a.Body, err)
	}
	var tokens map[string]any
	if err := json.Unmarshal([]byte(a.Body), &tokens); err != nil {
		t.Fatal(err)
	}
	return map[string]any{"oauth_token": tokens}
}

// TestLeaving_Files validates the files of the guide as they are.
func TestLeaving_Files(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), "go", "run", "./core/cmd/cotterpin", "validate",
		"examples/leavingcotter/auth.1.hcl", "examples/leavingcotter/auth.2.hcl",
		"examples/leavingcotter/auth.3.hcl", "examples/leavingcotter/auth.4.hcl")
	command.Dir = ".."
	command.Env = append(os.Environ(), "COTTER_API_KEY_ID=00000000-0000-4000-8000-000000000001")
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
