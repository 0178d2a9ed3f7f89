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

// The ways in which the key set is answered.
const (
	keysOK      = "ok"
	keysFail    = "500"
	keysSlow    = "slow"
	keysGarbage = "garbage"
	keysHuge    = "huge"
	keysEmpty   = "empty"
)

const (
	slowness = 10 * time.Second // of a slow answer: longer than anybody should wait for keys
	hugeness = 8 << 20          // bytes of padding in a huge answer
)

// faults is how the key set is answered. The zero value is without fault.
type faults struct {
	keys atomic.Value // string
}

func (f *faults) mode() string {
	mode, _ := f.keys.Load().(string)
	return mode
}

// jwks answers the key set, or what the fault makes of it.
func (e *Emulator) jwks(ctx context.Context, _ web.Request) (web.Response, error) {
	mode := e.faults.mode()
	switch mode {
	case keysFail:
		return web.Response{}, refuse(http.StatusInternalServerError, "a fault was asked for")
	case keysGarbage:
		answer := web.JSON(http.StatusOK, nil)
		answer.Body = []byte("<html>502 Bad Gateway</html>")
		return answer, nil
	case keysEmpty:
		return web.JSON(http.StatusOK, keySet{Keys: []map[string]any{}}), nil
	case keysSlow:
		pause(ctx, slowness)
	}
	set := e.keys.public()
	if mode == keysHuge {
		return web.JSON(http.StatusOK, struct {
			keySet
			Padding string `json:"padding"`
		}{set, strings.Repeat("x", hugeness)}), nil
	}
	return web.JSON(http.StatusOK, set), nil
}

// pause waits, but no longer than the caller does.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// faultOrder is what is asked of /_emulator/faults. What is not named stays.
type faultOrder struct {
	keys            string // "" leaves them
	rotate, dropOld bool
	skew            *time.Duration
}

func (e *Emulator) setFaults(_ context.Context, r web.Request) (web.Response, error) {
	body, err := readObject(r)
	if err != nil {
		return web.Response{}, err
	}
	order, err := parseFaultOrder(body)
	if err != nil {
		return web.Response{}, err
	}
	if err := e.obey(order); err != nil {
		return web.Response{}, err
	}
	return web.NoContent(), nil
}

func (e *Emulator) obey(order faultOrder) error {
	if order.rotate {
		if err := e.keys.rotate(); err != nil {
			return err
		}
	}
	if order.dropOld {
		e.keys.dropOld()
	}
	if order.keys != "" {
		e.faults.keys.Store(order.keys)
	}
	if order.skew != nil {
		e.clock.setSkew(*order.skew)
	}
	return nil
}

func parseFaultOrder(body strictjson.Object) (faultOrder, error) {
	var order faultOrder
	for _, name := range body.Names() {
		value, _ := body.Lookup(name)
		var ok bool
		switch name {
		case "jwks":
			order.keys, ok = parseKeysMode(value)
		case "rotate":
			order.rotate, ok = value.Bool()
		case "drop_old":
			order.dropOld, ok = value.Bool()
		case "clock_skew":
			order.skew, ok = parseSkew(value)
		}
		if !ok {
			return faultOrder{}, badRequest(`faults are {"jwks":"ok|500|slow|garbage|huge|empty","rotate":true,"drop_old":true,"clock_skew":"90s"}`)
		}
	}
	return order, nil
}

func parseKeysMode(value strictjson.Value) (string, bool) {
	mode, _ := value.String()
	switch mode {
	case keysOK, keysFail, keysSlow, keysGarbage, keysHuge, keysEmpty:
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
