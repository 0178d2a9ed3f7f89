package integration_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const day = 24 * time.Hour

// Two time zones that are far from each other and from that of the database.
var (
	tokyo      = time.FixedZone("Asia/Tokyo", 9*60*60)
	losAngeles = time.FixedZone("America/Los_Angeles", -8*60*60)
)

// elsewhere returns a clock in another time zone, and ahead.
func (c *clock) elsewhere(zone *time.Location, ahead time.Duration) func() time.Time {
	return func() time.Time { return c.Now().Add(ahead).In(zone) }
}

// ends contains the expiry times of a session.
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

// testExpiryInEveryZone has two nodes in different time zones, and a database
// server whose clock is a hundred days behind both.
func testExpiryInEveryZone(t *testing.T, database scratch) {
	t.Helper()
	d := newDeploymentOn(t, database, ownSession)
	d.clock.now = d.clock.now.Truncate(time.Millisecond).Add(100 * day)
	east, west := d.startBy(t, d.clock.elsewhere(tokyo, 0)), d.startBy(t, d.clock.elsewhere(losAngeles, 0))
	for _, nodes := range [][2]*client{{east, west}, {west, east}} {
		here, there := nodes[0], nodes[1]
		idle, busy := here.signIn(t, d.issuer, ada).credential, here.signIn(t, d.issuer, ada).credential
		end := here.expiryOf(t, idle).Session
		if other := there.expiryOf(t, idle).Session; other != end {
			t.Errorf("a session that expires at %v at one node expires at %v at the other", end, other)
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

// TestClock_NodesInTimeZones runs two processes in different time zones.
func TestClock_NodesInTimeZones(t *testing.T) {
	t.Parallel()
	onEach(t, servable(), func(t *testing.T, b backend) {
		issuer, database := providertest.NewIssuer(t), b.create(t)
		zones := []string{"Asia/Tokyo", "America/Los_Angeles"}
		var nodes []*program
		for _, zone := range zones {
			if _, err := time.LoadLocation(zone); err != nil {
				t.Fatalf("the machine lacks a time zone: %v", err)
			}
			nodes = append(nodes, startIn(t, zone, "nethttp", configurationOn(database.block, issuer, ownSession)))
		}
		for i, here := range nodes {
			there := nodes[1-i]
			session := here.signIn(t, issuer, ada).credential
			one, other := here.send(t, "GET", "/auth/session", session), there.send(t, "GET", "/auth/session", session)
			one.is(t, http.StatusOK, "")
			if one.Body != other.Body || strings.Count(one.Body, `Z"`) == 0 {
				t.Errorf("%s at one node is %s at the other", one.Body, other.Body)
			}
			there.send(t, "POST", "/auth/logout", session).is(t, http.StatusNoContent, "")
			here.rejects(t, session)
		}
	})
}

// TestClock_NodesApart has one node two minutes ahead of the other, which has
// the time of the issuer.
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
			d.clock.turnTo(end.ExpiresAt.Add(-apart - time.Second)) // not yet expired by the clock that is ahead
			here.me(t, two.credential)
			there.me(t, two.credential)
			d.clock.turnTo(end.ExpiresAt)
			here.rejects(t, two.credential)
			there.rejects(t, two.credential)
		}

		// A user who revokes everything at the node that is ahead cannot log in
		// before the full second after that time.
		last := fast.signIn(t, d.issuer, ada)
		fast.send(t, "POST", "/auth/sessions/revoke", last.credential, posting(`{"all":true}`)).is(t, http.StatusNoContent, "")
		slow.rejects(t, last.credential)
		d.clock.advance(apart + time.Second)
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
		if other := c.expiryOf(t, session).Session; other != end {
			t.Errorf("a session that expired at %v expires at %v", end, other)
		}
		c.login(t, early).is(t, http.StatusUnauthorized, "invalid_token") // issued in the future
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
