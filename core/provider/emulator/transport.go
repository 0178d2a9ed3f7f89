package emulator

import (
	"bytes"
	"io"
	"net/http"

	"github.com/cotterpin/cotterpin/core/web"
)

// inProcess is a transport that calls a handler without a socket. Every request
// comes from this machine, whatever its URL.
type inProcess struct{ handler web.Handler }

// RoundTrip implements [http.RoundTripper].
func (t inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	local := web.FromHTTP(request)
	local.Host = "localhost"
	local.Remote = "127.0.0.1"
	if request.Body == nil {
		local.Body = http.NoBody
	} else {
		defer request.Body.Close()
	}
	response := t.handler.Serve(request.Context(), local)
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode:    response.Status,
		Proto:         request.Proto,
		ProtoMajor:    request.ProtoMajor,
		ProtoMinor:    request.ProtoMinor,
		Header:        headerOf(response),
		Body:          io.NopCloser(bytes.NewReader(response.Body)),
		ContentLength: int64(len(response.Body)),
		Request:       request,
	}, nil
}

func headerOf(response web.Response) http.Header {
	header := http.Header{}
	for _, field := range response.Header {
		header.Set(field.Name, field.Value)
	}
	header["Set-Cookie"] = response.Cookies
	return header
}
