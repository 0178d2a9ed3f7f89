package integration_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// TestFirstLoginsOfOnePersonAtOnce has somebody sign in for the first time many
// times at once, at two processes on one database, again and again.
func TestFirstLoginsOfOnePersonAtOnce(t *testing.T) {
	t.Parallel()
	for _, framework := range frameworks {
		if !frameworkFlag.selects(framework) {
			continue
		}
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			onEach(t, servable(), func(t *testing.T, b backend) { testFirstLoginsAtOnce(t, framework, b) })
		})
	}
}

func testFirstLoginsAtOnce(t *testing.T, framework string, b backend) {
	t.Helper()
	const rounds, atOnce = 5, 64
	issuer, database := providertest.NewIssuer(t), b.create(t)
	var nodes [2]*program
	for i := range nodes {
		nodes[i] = startOn(t, database, framework, issuer, ownSession)
	}
	for round := range rounds {
		payload := issuer.Login(fmt.Sprintf("somebody-%d@example.com", round)).Payload()
		answers := make([]answer, atOnce)
		var group sync.WaitGroup
		begin := make(chan struct{})
		for i := range atOnce {
			group.Go(func() {
				<-begin
				answers[i] = nodes[i%len(nodes)].login(t, payload)
			})
		}
		close(begin)
		group.Wait()
		checkOneRegistration(t, nodes[0], answers)
		if got, want := database.rows(t), round+1; got.users != want || got.identities != want {
			t.Fatalf("after %d people: %+v", want, got)
		}
	}
}

func checkOneRegistration(t *testing.T, p *program, answers []answer) {
	t.Helper()
	statuses := map[int]int{}
	users := map[string]int{}
	for _, a := range answers {
		statuses[a.Status]++
		users[p.signedIn(t, a).User.ID]++
	}
	if statuses[http.StatusCreated] != 1 || statuses[http.StatusOK] != len(answers)-1 || len(users) != 1 {
		t.Fatalf("statuses %v, users %v", statuses, users)
	}
}
