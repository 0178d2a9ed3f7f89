package integration_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// attack is a case of testdata/attacks.tsv that runs against the programs. It
// first proves that the unmodified request succeeds.
type attack struct {
	run func(t *testing.T, s *scene)

	// stored reports whether the attack involves the database: it then runs on
	// each of them, and otherwise on SQLite only.
	stored bool
}

// attacks returns the cases that run against the programs, by id.
func attacks() map[string]attack {
	all := map[string]attack{}
	for _, some := range []map[string]attack{
		tokenAttacks,
		tokenStories,
		keyAttacks,
		keyFaults,
		loginAttacks,
		sessionAttacks,
		headerAttacks,
		bodyAttacks,
		originAttacks,
		cookieAttacks,
		refreshAttacks,
		privacyAttacks,
		configurationAttacks,
	} {
		maps.Copy(all, some)
	}
	return all
}

// TestAttacks runs each case on each framework and, if it involves the
// database, on each database.
func TestAttacks(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		scenes := newScenes(t, framework)
		all := attacks()
		for _, id := range slices.Sorted(maps.Keys(all)) {
			t.Run(id, func(t *testing.T) {
				t.Parallel()
				backends := servable()
				if !all[id].stored {
					backends = backends[:1]
				}
				onEach(t, backends, func(t *testing.T, b backend) { all[id].run(t, scenes.on(b)) })
			})
		}
	})
}

// scenes contains the scenes of one framework, by database.
type scenes struct {
	t         *testing.T
	framework string
	mu        sync.Mutex
	byName    map[string]*scene
}

func newScenes(t *testing.T, framework string) *scenes {
	t.Helper()
	return &scenes{t: t, framework: framework, byName: map[string]*scene{}}
}

// on returns the scene on a database.
func (s *scenes) on(b backend) *scene {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.byName[b.name]; found != nil {
		return found
	}
	made := &scene{t: s.t, framework: s.framework, backend: b, programs: map[string]*program{}}
	s.byName[b.name] = made
	return made
}

// scene is a framework and a database with an issuer and programs that several
// attacks share. So each attack uses its own users, and one that changes keys,
// clocks or configurations starts its own programs.
type scene struct {
	t         *testing.T // of all attacks on the framework, as long as which shared programs run
	framework string
	backend   backend

	mu       sync.Mutex
	trusted  *providertest.Issuer
	programs map[string]*program // by session block and edits
}

// issuer returns the issuer that the programs trust. Its tokens are ten seconds
// old, so that a revocation affects the next ones too.
func (s *scene) issuer() *providertest.Issuer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issuerLocked()
}

func (s *scene) issuerLocked() *providertest.Issuer {
	if s.trusted == nil {
		s.trusted = providertest.NewIssuer(s.t)
		s.trusted.Now = past(time.Now)
	}
	return s.trusted
}

// program returns the program with a session block and edits, which has its own
// database.
func (s *scene) program(session string, edits ...edit) *program {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprint(session, edits)
	if s.programs[key] == nil {
		s.programs[key] = s.startLocked(s.t, session, edits...)
	}
	return s.programs[key]
}

// start returns a program that is not shared with other attacks, until the test
// ends.
func (s *scene) start(t *testing.T, session string, edits ...edit) *program {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.startLocked(t, session, edits...)
}

func (s *scene) startLocked(t *testing.T, session string, edits ...edit) *program {
	t.Helper()
	database := s.backend.create(t)
	p := start(t, s.framework, edited(t, configurationOn(database.block, s.issuerLocked(), session), edits))
	p.database = database
	for range 3 { // each waits a second for the keys; a provider that cannot be reached never has them
		if p.send(t, "GET", "/auth/ready").isOK() {
			break
		}
	}
	return p
}

// edit replaces a string of a configuration.
type edit struct{ old, instead string }

func edited(t *testing.T, configuration string, edits []edit) string {
	t.Helper()
	for _, e := range edits {
		if !strings.Contains(configuration, e.old) {
			t.Fatalf("%q is not in the configuration", e.old)
		}
		configuration = strings.Replace(configuration, e.old, e.instead, 1)
	}
	return configuration
}

// uniqueEmail returns the email address of a user of this attack only.
func uniqueEmail(t *testing.T, name string) string {
	t.Helper()
	return fmt.Sprintf("%s.%s@example.com", name, strings.ToLower(strings.ReplaceAll(t.Name(), "/", ".")))
}

// registered returns how many identities with a subject the program has.
func (p *program) registered(t *testing.T, subject string) (count int) {
	t.Helper()
	db, err := p.database.look()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT subject FROM auth_identities")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var found string
		if err := rows.Scan(&found); err != nil {
			t.Fatal(err)
		}
		if found == subject {
			count++
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return count
}

// refused posts a login that must be refused with a code, and checks that no
// cookie is set and no user is registered.
func (p *program) refused(t *testing.T, subject string, payload map[string]any, status int, code string, changes ...with) reply {
	t.Helper()
	p.addTokens(payload)
	return p.refusesLogin(t, subject, status, code, append([]with{posting(encode(payload))}, changes...)...)
}

// refusesLogin is refused for a request with any body.
func (p *program) refusesLogin(t *testing.T, subject string, status int, code string, changes ...with) reply {
	t.Helper()
	before := p.registered(t, subject)
	a := p.send(t, "POST", "/auth/login", changes...)
	a.is(t, status, code)
	if set := a.Header["Set-Cookie"]; len(set) != 0 {
		t.Errorf("a cookie is set: %q", set)
	}
	if got := p.registered(t, subject); got != before {
		t.Errorf("%s has %d identities, had %d", subject, got, before)
	}
	return a
}
