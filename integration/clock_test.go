package integration_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const day = 24 * time.Hour

// Two zones that are far from each other and from the database's.
var (
	tokyo      = time.FixedZone("Asia/Tokyo", 9*60*60)
	losAngeles = time.FixedZone("America/Los_Angeles", -8*60*60)
)

// elsewhere tells the clock's time in another zone, and ahead of it.
func (c *clock) elsewhere(zone *time.Location, ahead time.Duration) func() time.Time {
	return func() time.Time { return c.Now().Add(ahead).In(zone) }
}

// ends are when a session ends.
type ends struct {
	Session struct {
		ExpiresAt     time.Time `json:"expires_at"`
		IdleExpiresAt time.Time `json:"idle_expires_at"`
	} `json:"session"`
}

func (c *client) expiryOf(t *testing.T, credential with) (e ends) {
	t.Helper()
	a := c.send(t, "GET", "/auth/session", credential)
	a.is(t, http.StatusOK, "")
	a.decode(t, &e)
	return e
}

func TestClock_ExpiryInEveryTimeZone(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) { testExpiryInEveryZone(t, b.create(t)) })
}

// testEndsInEveryZone has two nodes in different zones, and the clock of the
// database's server a hundred days behind both.
func testExpiryInEveryZone(t *testing.T, database scratch) {
	t.Helper()
	d := newDeploymentOn(t, database, ownSession)
	d.clock.now = d.clock.now.Truncate(time.Millisecond).Add(100 * day)
	east, west := d.startBy(t, d.clock.elsewhere(tokyo, 0)), d.startBy(t, d.clock.elsewhere(losAngeles, 0))
	for _, nodes := range [][2]*client{{east, west}, {west, east}} {
		here, there := nodes[0], nodes[1]
		idle, busy := here.signIn(t, d.issuer, ada).credential, here.signIn(t, d.issuer, ada).credential
		end := here.expiryOf(t, idle).Session
		if also := there.expiryOf(t, idle).Session; also != end {
			t.Errorf("a session that ends at %v here ends at %v there", end, also)
		}
		d.clock.turnTo(end.IdleExpiresAt.Add(-time.Millisecond))
		there.me(t, busy)
		d.clock.turnTo(end.IdleExpiresAt)
		here.rejects(t, idle)
		there.rejects(t, idle)
		for d.clock.Now().Add(6 * day).Before(end.ExpiresAt) {
			d.clock.advance(6 * day)
			there.me(t, busy)
		}
		d.clock.turnTo(end.ExpiresAt.Add(-time.Millisecond))
		here.me(t, busy)
		there.me(t, busy)
		d.clock.turnTo(end.ExpiresAt)
		here.rejects(t, busy)
		there.rejects(t, busy)
	}
}

// TestClock_NodesInTimeZones has two processes, whose zone is that of their
// environment.
func TestClock_NodesInTimeZones(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		issuer, database := providertest.NewIssuer(t), b.create(t)
		zones := []string{"Asia/Tokyo", "America/Los_Angeles"}
		var nodes []*program
		for _, zone := range zones {
			if _, err := time.LoadLocation(zone); err != nil {
				t.Fatalf("the machine has no such zone: %v", err)
			}
			nodes = append(nodes, startIn(t, zone, "nethttp", configurationOn(database.block, issuer, ownSession)))
		}
		for i, here := range nodes {
			there := nodes[1-i]
			session := here.signIn(t, issuer, ada).credential
			said, also := here.send(t, "GET", "/auth/session", session), there.send(t, "GET", "/auth/session", session)
			said.is(t, http.StatusOK, "")
			if said.Body != also.Body || strings.Count(said.Body, `Z"`) == 0 {
				t.Errorf("%s here is %s there", said.Body, also.Body)
			}
			there.send(t, "POST", "/auth/logout", session).is(t, http.StatusNoContent, "")
			here.rejects(t, session)
		}
	})
}

// TestClock_NodesApart has one node two minutes ahead of the
// other, which has the issuer's time.
func TestClock_NodesApart(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		const apart = 2 * time.Minute
		d := newDeploymentOn(t, b.create(t), ownSession)
		slow, fast := d.startBy(t, d.clock.Now), d.startBy(t, d.clock.elsewhere(tokyo, apart))
		for _, nodes := range [][2]*client{{slow, fast}, {fast, slow}} {
			here, there := nodes[0], nodes[1]
			one, two, three := here.signIn(t, d.issuer, ada), here.signIn(t, d.issuer, ada), here.signIn(t, d.issuer, ada)
			there.me(t, one.credential)
			there.send(t, "POST", "/auth/logout", one.credential).is(t, http.StatusNoContent, "")
			here.rejects(t, one.credential)
			there.send(t, "POST", "/auth/sessions/revoke", two.credential, posting(`{"others":true}`)).is(t, http.StatusNoContent, "")
			here.rejects(t, three.credential)
			end := there.expiryOf(t, two.credential).Session
			for d.clock.Now().Add(6*day + apart).Before(end.ExpiresAt) {
				d.clock.advance(6 * day)
				here.me(t, two.credential)
			}
			d.clock.turnTo(end.ExpiresAt.Add(-apart - time.Second)) // by the clock that is ahead it is not over yet
			here.me(t, two.credential)
			there.me(t, two.credential)
			d.clock.turnTo(end.ExpiresAt)
			here.rejects(t, two.credential)
			there.rejects(t, two.credential)
		}

		// Whoever revokes everything at the node that is ahead cannot sign in
		// before that moment, which may be so much later.
		last := fast.signIn(t, d.issuer, ada)
		fast.send(t, "POST", "/auth/sessions/revoke", last.credential, posting(`{"all":true}`)).is(t, http.StatusNoContent, "")
		slow.rejects(t, last.credential)
		d.clock.advance(apart)
		slow.me(t, slow.signIn(t, d.issuer, ada).credential)
	})
}

func TestClock_SetBack(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		d := newDeploymentOn(t, b.create(t), ownSession)
		d.clock.now = d.clock.now.Truncate(time.Millisecond)
		c := d.start(t)
		session := c.signIn(t, d.issuer, ada).credential
		end, early := c.expiryOf(t, session).Session, d.issuer.Login(ada).Payload()
		d.clock.advance(-time.Hour)
		c.me(t, session)
		if also := c.expiryOf(t, session).Session; also != end {
			t.Errorf("a session that ended at %v ends at %v", end, also)
		}
		c.login(t, early).is(t, http.StatusUnauthorized, "invalid_token") // issued in what is the future now
		d.issuer.Rotate()
		c.me(t, c.signIn(t, d.issuer, ada).credential)
		d.clock.turnTo(end.IdleExpiresAt)
		c.rejects(t, session)
	})
}

func TestClock_SetForwardAndBack(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		d := newDeploymentOn(t, b.create(t), `session "own" {
  ttl      = "2h"
  idle_ttl = "30m"
}`)
		c := d.start(t)
		idle, unseen := c.signIn(t, d.issuer, ada).credential, c.signIn(t, d.issuer, ada).credential
		for _, jump := range []time.Duration{time.Hour, 3 * time.Hour} {
			expired := c.signIn(t, d.issuer, ada).credential
			d.clock.advance(jump)
			c.rejects(t, expired)
			c.rejects(t, idle)
			d.clock.advance(-jump)
			c.rejects(t, expired)
			c.rejects(t, idle)
			c.me(t, unseen)
			c.me(t, c.signIn(t, d.issuer, ada).credential)
		}
	})
}
