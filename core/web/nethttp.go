package web

import (
	"net/http"
	"strconv"
)

// FromHTTP describes a request of net/http. The request must stay valid while
// the description is in use.
func FromHTTP(r *http.Request) Request {
	return Request{
		Method:        r.Method,
		Path:          r.URL.EscapedPath(),
		Query:         r.URL.RawQuery,
		Host:          r.Host,
		Remote:        r.RemoteAddr,
		TLS:           r.TLS != nil,
		ContentLength: r.ContentLength,
		Header:        r.Header,
		Body:          r.Body,
	}
}

// WriteHTTP writes the response. What stands in w's header under the same
// names is replaced, but for Set-Cookie, which is added to.
func (r Response) WriteHTTP(w http.ResponseWriter) {
	header := w.Header()
	for _, f := range r.Header {
		header.Set(f.Name, f.Value)
	}
	for _, c := range r.Cookies {
		header.Add("Set-Cookie", c)
	}
	if r.HasBody() {
		header.Set("Content-Length", strconv.Itoa(len(r.Body)))
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body) // the client may be gone; there is nobody left to tell
}
