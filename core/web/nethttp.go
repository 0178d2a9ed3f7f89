package web

import (
	"net/http"
	"strconv"
)

// FromHTTP converts a request of net/http. It shares header and body with r.
func FromHTTP(r *http.Request) Request {
	return Request{
		Method:        r.Method,
		Path:          r.URL.EscapedPath(),
		Query:         r.URL.RawQuery,
		Host:          r.Host,
		Remote:        r.RemoteAddr,
		TLS:           r.TLS != nil,
		Route:         r.Pattern,
		ContentLength: r.ContentLength,
		Header:        r.Header,
		Body:          r.Body,
	}
}

// WriteHTTP writes the response to w. It replaces header fields that are already
// set, except for Set-Cookie, to which it adds.
func (r Response) WriteHTTP(w http.ResponseWriter) {
	header := w.Header()
	r.SetHeader(header)
	if r.HasBody() {
		header.Set("Content-Length", strconv.Itoa(len(r.Body)))
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // an error means that the client is gone
}
