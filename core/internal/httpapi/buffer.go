package httpapi

import (
	"bytes"
	"iter"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/cotterpin/cotterpin/core/web"
)

// FromBuffers returns a request whose parts are in buffers that the framework
// reuses. It copies them with one allocation, except for the body. The caller
// sets the other fields: Header, TLS and ContentLength.
func FromBuffers(method, path, query, host, body []byte, peer net.Addr) web.Request {
	var space [256]byte
	parts := append(space[:0], method...)
	parts = append(parts, path...)
	parts = append(parts, query...)
	parts = append(parts, host...)
	copied := string(appendAddress(parts, peer))
	next := func(of []byte) (part string) {
		part, copied = copied[:len(of)], copied[len(of):]
		return part
	}
	r := web.Request{Method: next(method), Path: next(path), Query: next(query), Host: next(host), Body: http.NoBody}
	r.Remote = copied
	if len(body) > 0 {
		r.Body = bytes.NewReader(body)
	}
	return r
}

// appendAddress appends an address, for TCP without allocating a string.
func appendAddress(to []byte, a net.Addr) []byte {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().AppendTo(to)
	}
	return append(to, a.String()...)
}

// Lines returns the lines of a field from all lines of a header, as
// [web.Header].Values does: in order, trimmed and copied. It ignores letter case in
// names.
func Lines(all iter.Seq2[[]byte, []byte], name string) []string {
	s := searches.Get().(*search) //nolint:forcetypeassert // the pool contains no other type
	defer searches.Put(s)
	s.name, s.found = name, nil
	all(s.add)
	found := s.found
	s.found = nil
	return found
}

// search collects the lines of one field. It is pooled, because its function
// escapes to the heap.
type search struct {
	name  string
	found []string
	add   func(name, value []byte) bool
}

var searches = sync.Pool{New: func() any {
	s := &search{}
	s.add = func(name, value []byte) bool {
		if len(name) == len(s.name) && strings.EqualFold(string(name), s.name) {
			s.found = append(s.found, string(bytes.Trim(value, " \t")))
		}
		return true
	}
	return s
}}
