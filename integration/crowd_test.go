package integration_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/integration/engine"
)

// TestPool_TwoConnections logs in two hundred users at once, who read no
// response before all are being written. A response that kept one of the two
// connections would block the others.
func TestPool_TwoConnections(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, e *engine.Engine) {
		const crowd, connections = 200, 2
		database := onServer(t, e)
		database.block = strings.Replace(database.block, "\n}", fmt.Sprintf("\n  max_open_conns = %d\n}", connections), 1)
		readers := &slowReaders{begun: make(chan struct{}, crowd), read: make(chan struct{})}
		d := newDeploymentOn(t, database, ownSession)
		d.listen = readers.behind
		c := d.start(t)
		payloads, replies := make([]map[string]any, crowd), make([]reply, crowd)
		var group sync.WaitGroup
		for i := range crowd {
			payloads[i] = d.issuer.Login(fmt.Sprintf("somebody-%d@example.com", i)).Payload()
			group.Go(func() { replies[i] = c.login(t, payloads[i]) })
		}
		for range crowd {
			select {
			case <-readers.begun:
			case <-time.After(patience):
				t.Error("not all responses are written")
			}
		}
		atOnce := database.rows(t).sessions
		close(readers.read)
		group.Wait()
		t.Logf("%d of %d logins succeeded before a client read a byte", atOnce, crowd)
		if atOnce <= connections {
			t.Error("a slow reader keeps a connection to the database")
		}
		for i, a := range replies { // a slow machine may have rejected some with 503
			if a.Status == http.StatusServiceUnavailable {
				cannotCheck(t, a)
				a = c.untilServed(t, func() reply { return c.login(t, payloads[i]) })
			}
			c.me(t, c.signedIn(t, a).credential)
		}
		database.isConsistent(t, crowd)
	})
}

// slowReaders are clients that do not read at first.
type slowReaders struct {
	begun chan struct{} // one for each response that is being written
	read  chan struct{} // closed when they read
}

func (r *slowReaders) behind(l net.Listener) net.Listener { return slowListener{l, r} }

type slowListener struct {
	net.Listener

	readers *slowReaders
}

func (l slowListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	return slowConnection{connection, l.readers}, err
}

type slowConnection struct {
	net.Conn

	readers *slowReaders
}

func (c slowConnection) Write(p []byte) (int, error) {
	select {
	case <-c.readers.read:
	case c.readers.begun <- struct{}{}:
		<-c.readers.read
	}
	return c.Conn.Write(p)
}

// TestClientDisconnect_NoCrossTalk disconnects clients at random times while
// other clients request their user.
func TestClientDisconnect_NoCrossTalk(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		onEach(t, servable(), func(t *testing.T, b backend) {
			issuer := providertest.NewIssuer(t)
			p := startOn(t, b.create(t), framework, issuer, manySessions)
			const people, looks = 8, 25
			var group sync.WaitGroup
			for i := range people {
				me := p.signIn(t, issuer, fmt.Sprintf("somebody-%d@example.com", i))
				again := encode(issuer.Login(fmt.Sprintf("somebody-%d@example.com", i)).Payload())
				group.Go(func() {
					for range looks {
						p.hangUp("GET", "/api/me", me.credential)
						p.hangUp("POST", "/auth/login", posting(again))
					}
				})
				group.Go(func() {
					for range looks {
						a := p.untilServed(t, func() reply { return p.send(t, "GET", "/auth/session", me.credential) })
						if a.Status != http.StatusOK || !strings.Contains(a.Body, me.User.ID) {
							t.Errorf("%s receives %d %s", me.User.ID, a.Status, a.Body)
						}
					}
				})
			}
			group.Wait()
			p.database.isConsistent(t, people)
		})
	})
}

// hangUp sends a request and disconnects at a random time.
func (c *client) hangUp(method, target string, changes ...with) {
	r := c.request(method, target, changes...)
	connection, err := net.Dial("tcp", c.host())
	if err != nil {
		return
	}
	gone := make(chan struct{})
	time.AfterFunc(rand.N(4*time.Millisecond), func() {
		connection.Close()
		close(gone)
	})
	io.WriteString(connection, r)
	<-gone
}

// TestProcess_KilledDuringLogins kills a program during logins. Sessions that
// were returned are valid at the next one, and the other logins succeed when
// they are retried.
func TestProcess_KilledDuringLogins(t *testing.T) {
	t.Parallel()
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		onEach(t, servable(), func(t *testing.T, b backend) {
			const people, atOnce = 8, 32
			issuer, database := providertest.NewIssuer(t), b.create(t)
			p := startOn(t, database, framework, issuer, manySessions)
			payloads := make([]map[string]any, people)
			for i := range payloads {
				payloads[i] = issuer.Login(fmt.Sprintf("somebody-%d@example.com", i)).Payload()
				p.addTokens(payloads[i])
			}
			replies := make(chan reply, atOnce)
			for i := range atOnce {
				go func() {
					a, _ := p.try("POST", "/auth/login", posting(encode(payloads[i%people])))
					replies <- a
				}()
			}
			toReply := []reply{<-replies, <-replies, <-replies, <-replies}
			p.kill(t)
			for range atOnce - len(toReply) {
				toReply = append(toReply, <-replies)
			}
			next := startOn(t, database, framework, issuer, manySessions)
			for _, a := range toReply {
				if a.Status != 0 { // received
					next.me(t, next.signedIn(t, a).credential)
				}
			}
			for _, payload := range payloads {
				next.me(t, next.signedIn(t, next.login(t, payload)).credential)
			}
			database.isConsistent(t, people)
		})
	})
}
