package core

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/database"
)

// outage is a database that is not ready.
type outage struct{ database.Database }

func (outage) Ready(context.Context) error { return errors.New("connection refused") }

// readying is a database that is.
type readying struct{ database.Database }

func (readying) Ready(context.Context) error { return nil }

// G12: each poll has the same response, and few of them a log line.
func TestReady_LogsOutageOnceAMinute(t *testing.T) {
	t.Parallel()
	kit, _ := countingKit()
	var log bytes.Buffer
	kit.log = slog.New(slog.NewJSONHandler(&log, nil))
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	kit.now = func() time.Time { return now }
	r := newRequest("Accept", "*/*")
	r.Path = "/auth/ready"
	poll := func(times, status, lines int) {
		t.Helper()
		log.Reset()
		for range times {
			now = now.Add(time.Second)
			response, _ := kit.serve(t.Context(), r)
			identified := strings.Contains(string(response.Body), `"request_id":"`)
			if response.Status != status || identified != (status != http.StatusOK) {
				t.Fatalf("got %d %s, want %d", response.Status, response.Body, status)
			}
		}
		if got := strings.Count(log.String(), "\n"); got != lines {
			t.Errorf("%d polls: got %d log lines, want %d: %s", times, got, lines, &log)
		}
	}
	kit.database = readying{}
	poll(10, http.StatusOK, 0)
	kit.database = outage{}
	poll(60, http.StatusServiceUnavailable, 1)
	poll(120, http.StatusServiceUnavailable, 2)
	kit.database = readying{}
	poll(1, http.StatusOK, 0)
	kit.database = outage{}
	poll(1, http.StatusServiceUnavailable, 1)
}

func TestLogReadiness_ChangeThenOnceAMinute(t *testing.T) {
	t.Parallel()
	kit, _ := countingKit()
	var log bytes.Buffer
	kit.log = slog.New(slog.NewJSONHandler(&log, nil))
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	kit.now = func() time.Time { return now }
	down := errors.New("connection refused")
	for i, c := range []struct {
		provider string
		err      error
		after    time.Duration
		want     string
	}{
		{"cotter", nil, 0, ""},
		{"cotter", down, time.Second, "provider_not_ready"},
		{"google", down, 0, "provider_not_ready"},
		{"cotter", down, 59 * time.Second, ""},
		{"cotter", down, time.Second, "provider_not_ready"},
		{"cotter", down, -time.Hour, "provider_not_ready"}, // the clock is set back
		{"cotter", down, time.Second, ""},
		{"cotter", nil, time.Second, "provider_ready"},
		{"cotter", nil, time.Second, ""},
		{"cotter", down, time.Second, "provider_not_ready"},
	} {
		now = now.Add(c.after)
		log.Reset()
		kit.logReadiness(t.Context(), c.provider, c.err)
		want := `"event":"` + c.want + `","provider":"` + c.provider + `"`
		if c.want == "" && log.Len() > 0 || c.want != "" && !strings.Contains(log.String(), want) {
			t.Errorf("step %d: got %q, want %q", i, &log, c.want)
		}
	}
}
