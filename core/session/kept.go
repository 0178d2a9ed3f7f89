package session

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cotterpin/cotterpin/core/identity"
)

// The limits, in bytes, of the data of a login that a session keeps.
const (
	maxClaims    = 1 << 10 // as JSON
	maxUserAgent = 255
)

// keptClaims returns the claims that the settings name, nil if there are none.
// If they are too large together, none is kept: a guard that requires one then
// rejects the caller.
func (o *Own) keptClaims(ctx context.Context, id identity.Identity) map[string]any {
	var kept map[string]any
	for _, name := range o.settings.Claims {
		if value := id.Claims.Get(name); value != nil {
			if kept == nil {
				kept = make(map[string]any)
			}
			kept[name] = value
		}
	}
	encoded, err := json.Marshal(kept)
	if err != nil || len(encoded) > maxClaims {
		o.log.WarnContext(ctx, "the claims to keep are too large, and none is kept",
			"event", "session_claims_left_out", "provider", id.Provider, "bytes", len(encoded), "limit", maxClaims)
		return nil
	}
	return kept
}

// printable returns the printable characters of a client's string, cut to limit
// bytes between two characters. Invalid UTF-8 is dropped.
func printable(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) <= limit {
		return s
	}
	for !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
