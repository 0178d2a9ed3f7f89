package session

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cotterpin/cotterpin/core/identity"
)

// What an own session keeps of its login is bounded, in bytes.
const (
	maxClaims    = 1 << 10 // as JSON
	maxUserAgent = 255
)

// keptClaims returns the claims that the settings name, nil if there are none.
// Claims that are too large together are all left out: a guard that asks for
// one then refuses.
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
		o.log.WarnContext(ctx, "the claims to keep are too large and are left out",
			"event", "session_claims_left_out", "provider", id.Provider, "bytes", len(encoded), "limit", maxClaims)
		return nil
	}
	return kept
}

// printable returns the printable characters of a client's text, cut to limit
// bytes between two characters. What is not UTF-8 is dropped.
func printable(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	if len(text) <= limit {
		return text
	}
	for !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
