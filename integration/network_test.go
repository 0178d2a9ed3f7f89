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

// manySessions is a session block with a limit that no user reaches.
const manySessions = `session "own" {
  transport    = ["cookie"]
  max_per_user = 1000
}`

// behindProxy returns a database whose server the kit reaches through a proxy.
// The tests read it directly.
func behindProxy(t *testing.T, e *engine.Engine, url config.Secret) (scratch, *proxy) {
	t.Helper()
	p := newProxy(t, parse(t, url).Host)
	database := at(t, e, p.before(t, url))
	database.look = at(t, e, url).look
	return database, p
}

// before returns the database URL with the proxy in place of the server.
func (p *proxy) before(t *testing.T, source config.Secret) config.Secret {
	t.Helper()
	u := parse(t, source)
	u.Host = p.address
	return config.NewSecret(u.String())
}

// parse parses the URL of a database.
func parse(t *testing.T, source config.Secret) *url.URL {
	t.Helper()
	u, err := url.Parse(source.Reveal())
	if err != nil {
		t.Fatal("the URL of the database cannot be parsed")
	}
	return u
}

// trafficThroughProxy starts traffic to a program that reaches its database
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
			people.awaitFailed(t, len(people.people)) // every person
			people.p.ready(t, http.StatusServiceUnavailable, `"temporarily_unavailable"`)
			fault.end()
			people.awaitServed(t, 10)
		}
		people.settle(t)
	})
}

// TestNetwork_LateResponse has the server perform everything but respond only
// after all requests have failed.
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

// TestNetwork_LostCommitResponse loses the response to the commit of a
// registration in two ways: the connection is cut, or unresponsive.
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

// untilServed repeats a request until the response is not 503.
func (c *client) untilServed(t *testing.T, send func() reply) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		a := send()
		if a.Status != http.StatusServiceUnavailable || ctx.Err() != nil {
			return a
		}
	}
}

// TestNetwork_UnresponsiveConnect connects without a deadline, as a pool does
// in the background.
func TestNetwork_UnresponsiveConnect(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		url := newDatabase(t, e)
		network := newProxy(t, parse(t, url).Host)
		pool, err := openPool(e, network.before(t, url))
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		pool.SetMaxIdleConns(0)
		if err := pool.PingContext(context.Background()); err != nil {
			t.Fatalf("the server is reachable: %v", err)
		}
		network.when("READ COMMITTED", func() { network.hold(toClient) }) // the last statement of connecting
		pinged := make(chan error, 1)
		go func() { pinged <- pool.PingContext(context.Background()) }()
		select {
		case err := <-pinged:
			if err == nil {
				t.Error("an unresponsive server responds")
			}
		case <-time.After(patience):
			t.Error("the connection attempt does not end")
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
		var crowd sync.WaitGroup // opens several connections
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
