package token

import (
	"log/slog"
	"time"
)

// event is a log line.
type event struct {
	level   slog.Level
	message string
	detail  slog.Attr
}

// failureEvents returns the lines to log after a failed fetch.
func (r *RemoteKeySet) failureEvents(now time.Time, err error) []event {
	if now.Before(r.nextReport) {
		return nil
	}
	r.nextReport = now.Add(reportPeriod)
	return []event{{slog.LevelWarn, "keys could not be fetched", slog.Any("error", err)}}
}

// successEvents returns the lines to log after a successful fetch.
func (r *RemoteKeySet) successEvents(set jwks) []event {
	events := []event{{slog.LevelInfo, "keys fetched", slog.Int("count", len(set.keys))}}
	for _, cause := range set.skipped {
		if _, logged := r.warned[cause]; !logged {
			r.warned[cause] = struct{}{}
			events = append(events, event{slog.LevelWarn, "key not used", slog.Any("cause", cause)})
		}
	}
	return events
}
