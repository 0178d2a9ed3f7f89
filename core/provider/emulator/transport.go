package emulator

import (
	"bytes"
	"io"
	"net/http"

	"github.com/cotterpin/cotterpin/core/web"
)

// inProcess carries requests of an [http.Client] to a handler without a socket.
// Whatever their URL, they come from this machine.
type inProcess struct{ handler web.Handler }

// RoundTrip is [http.RoundTripper].
func (t inProcess) RoundTrip(request *http.Request) (*http.Response, error) {
	described := web.FromHTTP(request)
	described.Host = "localhost"
	described.Remote = "127.0.0.1"
	if request.Body == nil {
		described.Body = http.NoBody
	} else {
		defer request.Body.Close()
	}
	answer := t.handler.Serve(request.Context(), described)
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode:    answer.Status,
		Proto:         request.Proto,
		ProtoMajor:    request.ProtoMajor,
		ProtoMinor:    request.ProtoMinor,
		Header:        headerOf(answer),
		Body:          io.NopCloser(bytes.NewReader(answer.Body)),
		ContentLength: int64(len(answer.Body)),
		Request:       request,
	}, nil
}

func headerOf(answer web.Response) http.Header {
	header := http.Header{}
	for _, field := range answer.Header {
		header.Set(field.Name, field.Value)
	}
	header["Set-Cookie"] = answer.Cookies
	return header
}
