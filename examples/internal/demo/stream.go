package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
)

// StreamType is the media type of a stream (HTML, section 9.2, Server-sent
// events).
const StreamType = "text/event-stream"

// Stream sends an event each second until the caller's session expires or is
// revoked, and then the event "end" with the reason. It returns earlier, without
// that event, if send fails, ctx ends, or the program shuts down: a client
// reconnects. ctx is that of a guarded route.
func (a *App) Stream(ctx context.Context, send func(event string) error) {
	ctx = a.Kit.Watch(ctx)
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	for tick := 1; ; tick++ {
		if err := send(fmt.Sprintf("data: {\"tick\":%d}\n\n", tick)); err != nil {
			return
		}
		select {
		case <-seconds.C:
		case <-a.stopping:
			return
		case <-ctx.Done():
			if event, ended := endEvent(context.Cause(ctx)); ended {
				_ = send(event) // the stream is over in either case
			}
			return
		}
	}
}

// endEvent returns the last event of a session that has expired or was revoked. It
// returns false if the kit was closed or the client has disconnected.
func endEvent(cause error) (event string, ended bool) {
	code := autherr.CodeOf(cause)
	if code == autherr.TemporarilyUnavailable || code == autherr.Internal {
		return "", false
	}
	data, err := json.Marshal(map[string]string{"code": string(code)})
	return fmt.Sprintf("event: end\ndata: %s\n\n", data), err == nil
}

// StreamHTTP is Stream for net/http. The server's ReadTimeout would end the
// context of the request.
func (a *App) StreamHTTP(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		panic(err) // a middleware hides the connection
	}
	w.Header().Set("Content-Type", StreamType)
	if r.Method == http.MethodHead {
		return
	}
	a.Stream(r.Context(), func(event string) error {
		if _, err := w.Write([]byte(event)); err != nil {
			return err
		}
		return control.Flush()
	})
}
