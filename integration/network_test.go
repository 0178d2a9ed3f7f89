package integration_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// manySessions is own sessions of which nobody has too many.
const manySessions = `session "own" {
  transport    = ["cookie"]
  max_per_user = 1000
}`

// behindAProxy returns a database whose server the kit reaches through a proxy.
// It is looked at without one.
func behindProxy(t *testing.T, e *engine.Engine, url config.Secret) (scratch, *proxy) {
	t.Helper()
	p := newProxy(t, parse(t, url).Host)
	database := at(t, e, p.before(t, url))
	database.look = at(t, e, url).look
	return database, p
}

// before returns the URL of a database with the proxy before its server.
func (p *proxy) before(t *testing.T, source config.Secret) config.Secret {
	t.Helper()
	u := parse(t, source)
	u.Host = p.address
	return config.NewSecret(u.String())
}

// parse reads the URL of a database.
func parse(t *testing.T, source config.Secret) *url.URL {
	t.Helper()
	u, err := url.Parse(source.Reveal())
	if err != nil {
		t.Fatal("the URL of the database cannot be read")
	}
	return u
}

// trafficThroughAProxy has people sign in whose program reaches its database
// through a proxy.
func trafficThroughProxy(t *testing.T, e *engine.Engine) (*traffic, *proxy) {
	t.Helper()
	database, network := behindProxy(t, e, newDatabase(t, e))
	issuer := providertest.NewIssuer(t)
	return startTraffic(t, startOn(t, database, "nethttp", issuer, manySessions), issuer), network
}

func TestNetwork_CutConnections(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		people, network := trafficThroughProxy(t, e)
		for range 20 {
			people.awaitServed(t, 10)
			network.cut()
		}
		people.settle(t)
	})
}

func TestNetwork_UnreachableServer(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		people, network := trafficThroughProxy(t, e)
		for _, fault := range []struct{ begin, end func() }{
			{network.refuse, func() { network.accept(t) }},
			{func() { network.hold(toServer, toClient) }, network.release},
		} {
			people.awaitServed(t, 10)
			fault.begin()
			people.awaitFailed(t, len(people.people)) // everybody
			people.p.ready(t, http.StatusServiceUnavailable, `"temporarily_unavailable"`)
			fault.end()
			people.awaitServed(t, 10)
		}
		people.settle(t)
	})
}

// TestNetwork_LateResponse has the server do everything and say so
// only after everybody has been told to try again.
func TestNetwork_LateResponse(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		people, network := trafficThroughProxy(t, e)
		people.awaitServed(t, 10)
		network.hold(toClient)
		people.awaitFailed(t, len(people.people))
		network.release()
		people.settle(t)
	})
}

// TestNetwork_LostCommitResponse loses the answer to the commit of a
// registration, in both ways: the connection is cut, or there is silence.
func TestNetwork_LostCommitResponse(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		database, network := behindProxy(t, e, newDatabase(t, e))
		issuer := providertest.NewIssuer(t)
		p := startOn(t, database, "nethttp", issuer, manySessions)
		for i, lose := range []func(){network.cut, func() { network.hold(toClient) }} {
			payload := issuer.Login(providertest.SubjectOf(string(rune('a'+i))) + "@example.com").Payload()
			network.when("COMMIT", lose)
			cannotCheck(t, p.login(t, payload))
			network.release()
			p.signedIn(t, p.untilServed(t, func() reply { return p.login(t, payload) }))
			database.isConsistent(t, i+1)
		}
	})
}

// untilServed asks again as long as the answer is to try again.
func (c *client) untilServed(t *testing.T, ask func() reply) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		a := ask()
		if a.Status != http.StatusServiceUnavailable || ctx.Err() != nil {
			return a
		}
	}
}

// TestNetwork_UnresponsiveConnect connects on behalf of nobody, as a pool
// does for whoever comes next: no deadline comes with that.
func TestNetwork_UnresponsiveConnect(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		url := newDatabase(t, e)
		network := newProxy(t, parse(t, url).Host)
		pool, err := drivers[e.Driver].OpenPool(network.before(t, url))
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		pool.SetMaxIdleConns(0)
		if err := pool.PingContext(context.Background()); err != nil {
			t.Fatalf("the server is there: %v", err)
		}
		network.when("READ COMMITTED", func() { network.hold(toClient) }) // the last that is said in connecting
		toReply := make(chan error, 1)
		go func() { toReply <- pool.PingContext(context.Background()) }()
		select {
		case err := <-toReply:
			if err == nil {
				t.Error("a silent server answers")
			}
		case <-time.After(patience):
			t.Error("the connection is kept for ever")
			network.release()
		}
	})
}

func TestNetwork_UnresponsiveShutdown(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		database, network := behindProxy(t, e, newDatabase(t, e))
		issuer := providertest.NewIssuer(t)
		p := startOn(t, database, "nethttp", issuer, manySessions)
		var crowd sync.WaitGroup // so that there are several connections
		for range 32 {
			crowd.Go(func() { p.login(t, issuer.Login(ada).Payload()) })
		}
		crowd.Wait()
		network.hold(toServer, toClient)
		if code := p.end(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
}
