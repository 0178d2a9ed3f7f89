package integration_test

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// proxy is a faulty network between an application and its database server.
type proxy struct {
	address string // of the proxy itself
	target  string

	mu       sync.Mutex
	listener net.Listener
	links    map[*link]bool
	open     [2]chan struct{} // by direction: closed to forward bytes
	watched  []byte           // bytes that trigger seen
	seen     func()           // called before they are forwarded
}

// direction is the direction of bytes.
type direction int

const (
	toServer direction = iota
	toClient
)

// link is one connection through the proxy.
type link struct{ client, server net.Conn }

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	passable := make(chan struct{})
	close(passable)
	p := &proxy{target: target, links: map[*link]bool{}, open: [2]chan struct{}{passable, passable}, address: "127.0.0.1:0"}
	p.accept(t)
	t.Cleanup(func() {
		p.release()
		p.refuse()
	})
	return p
}

// accept listens, after refuse on the same port.
func (p *proxy) accept(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener, p.address = listener, listener.Addr().String()
	go p.serve(listener)
}

// refuse closes every connection and accepts no new ones.
func (p *proxy) refuse() {
	p.mu.Lock()
	listener := p.listener
	p.mu.Unlock()
	listener.Close()
	p.cut()
}

// cut resets every connection. New ones are accepted.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.cut()
	}
}

func (l *link) cut() {
	for _, connection := range []net.Conn{l.client, l.server} {
		connection.(*net.TCPConn).SetLinger(0) // a reset
		connection.Close()
	}
}

// hold stops the directions until release. Connections stay open, and new ones
// are accepted.
func (p *proxy) hold(directions ...direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range directions {
		p.open[d] = make(chan struct{})
	}
}

// release forwards everything, including what was held.
func (p *proxy) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, open := range p.open {
		select {
		case <-open:
		default:
			close(open)
		}
	}
}

// when calls do, once, just before the text is forwarded to the server.
func (p *proxy) when(text string, do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watched, p.seen = bytes.ToUpper([]byte(text)), do
}

// watch calls the function of when if the bytes contain its text.
func (p *proxy) watch(sent []byte) {
	p.mu.Lock()
	do := p.seen
	if do != nil && bytes.Contains(bytes.ToUpper(sent), p.watched) {
		p.seen = nil
	} else {
		do = nil
	}
	p.mu.Unlock()
	if do != nil {
		do()
	}
}

func (p *proxy) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			continue
		}
		l := &link{client, server}
		p.mu.Lock()
		p.links[l] = true
		p.mu.Unlock()
		var both sync.WaitGroup
		both.Go(func() { p.pass(toServer, server, client) })
		both.Go(func() { p.pass(toClient, client, server) })
		go func() {
			both.Wait()
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.links, l)
		}()
	}
}

// pass forwards bytes until one side closes its connection, and then closes the
// other.
func (p *proxy) pass(d direction, to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if d == toServer {
			p.watch(buffer[:n])
		}
		<-p.gate(d)
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

func (p *proxy) gate(d direction) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open[d]
}
