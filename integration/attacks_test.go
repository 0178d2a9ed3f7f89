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
// first proves that what it is about to change succeeds unchanged.
type attack struct {
	run func(t *testing.T, s *scene)

	// stored says that the database has a part in it: it runs on each of them,
	// others on SQLite alone.
	stored bool
}

// attacks are the cases that run against the programs, by id.
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
		privacyAttacks,
		configurationAttacks,
	} {
		maps.Copy(all, some)
	}
	return all
}

// TestAttacks runs each case on each framework and, where one has a part in it,
// on each database.
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

// scenes are where the attacks on one framework take place.
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
// attacks share. So each attack takes people of its own, and one that turns
// keys, clocks or configurations starts programs of its own.
type scene struct {
	t         *testing.T // all attacks on the framework: what is shared lives as long
	framework string
	backend   backend

	mu       sync.Mutex
	trusted  *providertest.Issuer
	programs map[string]*program // by session block and edits
}

// issuer is whom the programs believe. What it issues is ten seconds old, so
// that a revocation in the same second ends it.
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

// program returns the program with that session block, each on a database of
// its own.
func (s *scene) program(session string, edits ...edit) *program {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprint(session, edits)
	if s.programs[key] == nil {
		s.programs[key] = s.startLocked(s.t, session, edits...)
	}
	return s.programs[key]
}

// start returns a program that no other attack disturbs, until the test ends.
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
	return p
}

// edit is a text in a configuration and what stands there instead.
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

// somebody returns the e-mail address of a person whom no other attack knows.
func uniqueEmail(t *testing.T, name string) string {
	t.Helper()
	return fmt.Sprintf("%s.%s@example.com", name, strings.ToLower(strings.ReplaceAll(t.Name(), "/", ".")))
}

// registered reports how many identities the program has of a subject.
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

// refused posts a login that must be refused with a code, and then looks that
// nothing came of it: no cookie, and nobody registered who was not.
func (p *program) refused(t *testing.T, subject string, payload map[string]any, status int, code string, changes ...with) reply {
	t.Helper()
	p.addTokens(payload)
	return p.refusesLogin(t, subject, status, code, append([]with{posting(encode(payload))}, changes...)...)
}

// refusesLogin is refused for a request whose body is of the attack's choice.
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
