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
	"net/http"
	"slices"
)

// Request is a request as it reached the application. An adapter fills every
// field from the raw request, believing no forwarded header.
type Request struct {
	Method string
	Path   string // as sent: escaped, uncleaned, letter case kept
	Query  string // as sent, without "?"
	Host   string // of the Host header
	Remote string // address of the socket's peer: host:port, or an address alone
	TLS    bool   // whether the socket is TLS

	// ContentLength is the declared length of the body, -1 if unknown.
	ContentLength int64

	Header Header

	// Body is never nil. It is read only by routes that take a body, and only
	// as far as they need.
	Body io.Reader
}

// Header is the header fields of a request, without Host. [http.Header] is one.
type Header interface {
	// Values returns all lines of a field, in order and trimmed of outer blanks.
	// name is in canonical form. The texts stay valid after the request has
	// ended; the slice must not be changed.
	Values(name string) []string
}

// First returns the first line of a header field, "" if there is none.
func (r Request) First(name string) string {
	if lines := r.Header.Values(name); len(lines) > 0 {
		return lines[0]
	}
	return ""
}

// Preflight reports whether this is a CORS preflight request.
func (r Request) Preflight() bool {
	return r.Method == http.MethodOptions && r.First("Origin") != "" && r.First("Access-Control-Request-Method") != ""
}

// Response is an answer. The zero value is not one: Status must be set. A
// response to HEAD bears the body of GET; not sending it is up to the server.
type Response struct {
	Status  int
	Header  []Field  // a name at most once
	Cookies []string // values of Set-Cookie lines
	Body    []byte   // must not be changed
}

// Field is one header field. The name is in canonical form; neither part holds
// CR or LF.
type Field struct {
	Name  string
	Value string
}

// With returns the response with a header field set, whatever it was before.
func (r Response) With(name, value string) Response {
	fields := make([]Field, 0, len(r.Header)+1)
	for _, f := range r.Header {
		if f.Name != name {
			fields = append(fields, f)
		}
	}
	fields = append(fields, Field{Name: name, Value: singleLine(value)})
	r.Header = fields
	return r
}

// WithCookie returns the response with one more Set-Cookie line.
func (r Response) WithCookie(line string) Response {
	r.Cookies = append(slices.Clone(r.Cookies), singleLine(line))
	return r
}

// HasBody reports whether the status allows a body and a Content-Length (RFC
// 9110, section 6.4.1).
func (r Response) HasBody() bool {
	return r.Status != http.StatusNoContent && r.Status != http.StatusNotModified
}

// singleLine cuts a header value at the first CR, LF or NUL: a value that holds
// one was never ours.
func singleLine(value string) string {
	for i := range len(value) {
		if c := value[i]; c == '\r' || c == '\n' || c == 0 {
			return value[:i]
		}
	}
	return value
}

// Handler answers requests. It is called by many goroutines at once.
type Handler interface {
	Serve(ctx context.Context, r Request) Response
}
