package emulator

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

// Modes of the key set endpoint.
const (
	jwksOK      = "ok"
	jwksFail    = "500"
	jwksSlow    = "slow"
	jwksGarbage = "garbage"
	jwksHuge    = "huge"
	jwksEmpty   = "empty"
)

const (
	slowDelay   = 10 * time.Second // exceeds a sensible client's timeout
	hugePadding = 8 << 20          // bytes
)

// faults holds the mode of the key set endpoint. The zero value has no fault.
type faults struct {
	jwks atomic.Value // string
}

func (f *faults) jwksMode() string {
	mode, _ := f.jwks.Load().(string)
	return mode
}

// getJWKS returns the key set, as the current fault distorts it.
func (e *Emulator) getJWKS(ctx context.Context, _ web.Request) (web.Response, error) {
	mode := e.faults.jwksMode()
	switch mode {
	case jwksFail:
		return web.Response{}, newAPIError(http.StatusInternalServerError, "a fault is set")
	case jwksGarbage:
		response := web.JSON(http.StatusOK, nil)
		response.Body = []byte("<html>502 Bad Gateway</html>")
		return response, nil
	case jwksEmpty:
		return web.JSON(http.StatusOK, keySet{Keys: []map[string]any{}}), nil
	case jwksSlow:
		wait(ctx, slowDelay)
	}
	set := e.keys.document()
	if mode == jwksHuge {
		return web.JSON(http.StatusOK, struct {
			keySet
			Padding string `json:"padding"`
		}{set, strings.Repeat("x", hugePadding)}), nil
	}
	return web.JSON(http.StatusOK, set), nil
}

// wait returns after d, or earlier if ctx is done.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// faultsRequest is the body of /_emulator/faults. A missing member changes
// nothing.
type faultsRequest struct {
	jwks            string // "": unchanged
	rotate, dropOld bool
	skew            *time.Duration
}

func (e *Emulator) setFaults(_ context.Context, r web.Request) (web.Response, error) {
	body, err := readObject(r)
	if err != nil {
		return web.Response{}, err
	}
	request, err := parseFaults(body)
	if err != nil {
		return web.Response{}, err
	}
	e.applyFaults(request)
	return web.NoContent(), nil
}

func (e *Emulator) applyFaults(request faultsRequest) {
	if request.rotate {
		e.keys.rotate()
	}
	if request.dropOld {
		e.keys.dropOld()
	}
	if request.jwks != "" {
		e.faults.jwks.Store(request.jwks)
	}
	if request.skew != nil {
		e.clock.setSkew(*request.skew)
	}
}

func parseFaults(body strictjson.Object) (faultsRequest, error) {
	var request faultsRequest
	for _, name := range body.Names() {
		value, _ := body.Lookup(name)
		var ok bool
		switch name {
		case "jwks":
			request.jwks, ok = parseJWKSMode(value)
		case "rotate":
			request.rotate, ok = value.Bool()
		case "drop_old":
			request.dropOld, ok = value.Bool()
		case "clock_skew":
			request.skew, ok = parseSkew(value)
		}
		if !ok {
			return faultsRequest{}, badRequest(`the body must be {"jwks":"ok|500|slow|garbage|huge|empty","rotate":true,"drop_old":true,"clock_skew":"90s"}, each member optional`)
		}
	}
	return request, nil
}

func parseJWKSMode(value strictjson.Value) (string, bool) {
	mode, _ := value.String()
	switch mode {
	case jwksOK, jwksFail, jwksSlow, jwksGarbage, jwksHuge, jwksEmpty:
		return mode, true
	default:
		return "", false
	}
}

func parseSkew(value strictjson.Value) (*time.Duration, bool) {
	text, _ := value.String()
	skew, err := time.ParseDuration(text)
	return &skew, err == nil
}
