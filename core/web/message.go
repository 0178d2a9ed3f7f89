// Package web represents HTTP as values: a framework adapter passes a [Request]
// and writes a [Response]. Only [FromHTTP] and [Response.WriteHTTP] convert from
// and to net/http.
package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
)

// Request is a request as received by the application. An adapter sets every
// field from the raw request and trusts no forwarded header.
type Request struct {
	Method string
	Path   string // as sent: escaped, uncleaned, letter case kept
	Query  string // as sent, without "?"
	Host   string // of the Host header
	Remote string // address of the socket's peer: host:port, or an IP address
	TLS    bool   // whether the socket is TLS

	// Route is the pattern that the framework's router matched, such as
	// "GET /notes/{id}" or "/notes/:id", for the log; "" if it is unknown. It
	// must not contain client input.
	Route string

	// ContentLength is the declared length of the body, -1 if unknown.
	ContentLength int64

	Header Header

	// Body is never nil. Only routes with a body read it, as far as they need
	// it.
	Body io.Reader
}

// Header provides the header fields of a request, except Host. [http.Header]
// implements it.
type Header interface {
	// Values returns all lines of a field, in order, without outer spaces. name
	// is in canonical form. The strings remain valid after the request; the
	// slice must not be changed.
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

// Response is a response. Status is required. A response to HEAD has the body of
// GET; the server omits it.
type Response struct {
	Status  int
	Header  []Field  // each name at most once
	Cookies []string // values of Set-Cookie lines
	Body    []byte   // must not be changed
}

// Field is one header field. The name is in canonical form; neither part
// contains CR or LF.
type Field struct {
	Name  string
	Value string
}

// With returns the response with a header field set or replaced.
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

// WithCookie returns the response with more Set-Cookie lines.
func (r Response) WithCookie(lines ...string) Response {
	r.Cookies = slices.Clone(r.Cookies)
	for _, line := range lines {
		r.Cookies = append(r.Cookies, singleLine(line))
	}
	return r
}

// HeaderWriter is the header of a response that is not sent yet. [http.Header] is
// one.
type HeaderWriter interface {
	Add(name, value string)
	Set(name, value string)
}

// SetHeader sets the response's header fields and adds its cookies.
func (r Response) SetHeader(header HeaderWriter) {
	for _, f := range r.Header {
		header.Set(f.Name, f.Value)
	}
	for _, line := range r.Cookies {
		header.Add("Set-Cookie", line)
	}
}

// HasBody reports whether the status allows a body and a Content-Length (RFC
// 9110, section 6.4.1).
func (r Response) HasBody() bool {
	return r.Status != http.StatusNoContent && r.Status != http.StatusNotModified
}

// singleLine cuts a header value at the first CR, LF or NUL, which no value of
// the kit contains.
func singleLine(value string) string {
	for i := range len(value) {
		if c := value[i]; c == '\r' || c == '\n' || c == 0 {
			return value[:i]
		}
	}
	return value
}

// Handler responds to requests. It is safe for concurrent use.
type Handler interface {
	Serve(ctx context.Context, r Request) Response
}

// JSON returns a response whose body is value as JSON. It panics if value cannot
// be encoded, which is a bug of the program.
func JSON(status int, value any) Response {
	body, err := json.Marshal(value)
	if err != nil {
		panic("web: " + err.Error())
	}
	return Response{
		Status: status,
		Header: append([]Field{{"Content-Type", "application/json"}}, privateFields...),
		Body:   body,
	}
}

// NoContent returns the response 204.
func NoContent() Response {
	return Response{Status: http.StatusNoContent, Header: privateFields}
}

// privateFields protect every response with user data: it is not cached, its
// type is not guessed, and its URL is not sent to other sites.
var privateFields = []Field{
	{"Cache-Control", "no-store"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
}
