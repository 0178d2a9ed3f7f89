package web

import (
	"bytes"
	"iter"
	"net"
	"net/http"
	"strings"
	"sync"
)

// FromBuffers describes a request whose texts stand in buffers that its
// framework will use again. They are copied, in one piece, but for the body.
// What is not given here, Header above all, is up to the caller.
func FromBuffers(method, path, query, host, body []byte, peer net.Addr) Request {
	var space [256]byte
	texts := append(space[:0], method...)
	texts = append(texts, path...)
	texts = append(texts, query...)
	texts = append(texts, host...)
	copied := string(appendAddress(texts, peer))
	next := func(of []byte) (text string) {
		text, copied = copied[:len(of)], copied[len(of):]
		return text
	}
	r := Request{Method: next(method), Path: next(path), Query: next(query), Host: next(host), Body: http.NoBody}
	r.Remote = copied
	if len(body) > 0 {
		r.Body = bytes.NewReader(body)
	}
	return r
}

// appendAddress appends the text of an address. That of a TCP connection is
// written without a text of its own.
func appendAddress(to []byte, a net.Addr) []byte {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().AppendTo(to)
	}
	return append(to, a.String()...)
}

// Lines returns the lines of a field among all lines of a header, as
// [Header].Values does: in order, trimmed and copied. Names are compared without
// regard to letter case.
func Lines(all iter.Seq2[[]byte, []byte], name string) []string {
	s := searches.Get().(*search) //nolint:forcetypeassert // there is nothing else in it
	defer searches.Put(s)
	s.name, s.found = name, nil
	all(s.see)
	found := s.found
	s.found = nil
	return found
}

// search looks at one header line after the other. It is used again: what the
// lines are handed to must live on the heap.
type search struct {
	name  string
	found []string
	see   func(name, value []byte) bool
}

var searches = sync.Pool{New: func() any {
	s := &search{}
	s.see = func(name, value []byte) bool {
		if len(name) == len(s.name) && strings.EqualFold(string(name), s.name) {
			s.found = append(s.found, string(bytes.Trim(value, " \t")))
		}
		return true
	}
	return s
}}
