package postgres

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestOutage_Log(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	o := outage{log: slog.New(slog.NewTextHandler(&log, nil))}
	wantLogged := func(after string, want ...string) {
		t.Helper()
		lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
		log.Reset()
		for i, line := range lines {
			if len(lines) != max(len(want), 1) || len(want) > 0 && !strings.Contains(line, want[i]) || len(want) == 0 && line != "" {
				t.Errorf("after %s: logged %q, want %q", after, lines, want)
			}
		}
	}
	o.over()
	wantLogged("the first connection")
	o.lost(errors.New("unexpected EOF"))
	o.lost(errors.Join(errNotConnected, errors.New("refused")))
	o.lost(errors.Join(errNotConnected, errors.New("unresponsive")))
	wantLogged("a lost connection", "event=session_cache_off error=\"unexpected EOF\"")
	o.lost(errors.New("no triggers"))
	o.lost(errors.New("no triggers"))
	wantLogged("a wrong database", "event=session_cache_off error=\"no triggers\"")
	o.over()
	o.over()
	wantLogged("the next connection", "event=session_cache_on")
	o.lost(errors.Join(errNotConnected, errors.New("refused")))
	wantLogged("a second outage", "event=session_cache_off")
}

func TestOutage_Waits(t *testing.T) {
	t.Parallel()
	o := outage{log: slog.New(slog.DiscardHandler)}
	for range 2 {
		for _, seconds := range []int{1, 2, 4, 8, 16, 30, 30} {
			wait, want := o.lost(errNotConnected), time.Duration(seconds)*time.Second
			if wait < want*3/4 || wait > want*5/4 {
				t.Errorf("the wait is %v, want about %v", wait, want)
			}
		}
		for range 100 { // of a long outage
			if wait := o.lost(errNotConnected); wait < maxReconnectWait*3/4 || wait > maxReconnectWait*5/4 {
				t.Fatalf("the wait is %v", wait)
			}
		}
		o.over() // the next outage begins with short waits
	}
}

func TestOutage_Jitter(t *testing.T) {
	t.Parallel()
	waits := map[time.Duration]bool{}
	for range 20 {
		o := outage{log: slog.New(slog.DiscardHandler)}
		waits[o.lost(errNotConnected)] = true
	}
	if len(waits) < 2 {
		t.Error("all processes wait equally long")
	}
}
