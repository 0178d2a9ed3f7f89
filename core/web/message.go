// Package web describes HTTP as values: what a framework adapter hands in
// ([Request]) and what it writes out ([Response]). Nothing here performs HTTP,
// but for the two functions that translate from and to net/http.
//
// The package also holds what is the same for every route: the table from
// error codes to status codes, problem documents (RFC 9457), the cross-origin
// decision, CORS, cookies, and who the caller's address is.
package web

import (
	"context"
	"io"
)

// Request is a request as it reached the application. An adapter fills every
// field from the raw request, believing no forwarded header.
type Request struct {
	Method string
	Path   string // as sent: escaped, uncleaned, case kept; "/" at least
	Query  string // as sent, without "?"
	Host   string // of the Host header
	Remote string // address of the socket's peer, host:port or a bare address
	TLS    bool   // whether the socket is TLS

	// ContentLength is the declared length of the body, -1 if unknown.
	ContentLength int64

	// Header returns all lines of a header field, in order and trimmed of outer
	// blanks, nil if there is none. name is in canonical form. The texts stay
	// valid after the request has ended.
	Header func(name string) []string

	// Body is never nil. It is read only by routes that take a body, and only
	// as far as they need.
	Body io.Reader
}

// Response is an answer. The zero value is not one: Status must be set.
type Response struct {
	Status  int
	Header  []Field  // in the order of writing; a name at most once
	Cookies []string // values of Set-Cookie lines
	Body    []byte   // nil for none; must not be changed
}

// Field is one header field. Neither part holds CR or LF.
type Field struct {
	Name  string // canonical
	Value string
}

// Handler answers requests. It is called by many goroutines at once.
type Handler interface {
	Serve(ctx context.Context, r Request) Response
}

// HandlerFunc is a function that is a [Handler].
type HandlerFunc func(ctx context.Context, r Request) Response

// Serve calls f.
func (f HandlerFunc) Serve(ctx context.Context, r Request) Response { return f(ctx, r) }
