package core

import (
	"context"
	"net/http"
	"strings"

	"github.com/cotterpin/cotterpin/core/internal/browser"
	"github.com/cotterpin/cotterpin/core/web"
)

// browserHelper responds with the browser helper, or 304 if the browser has it.
func (k *Kit) browserHelper(_ context.Context, r web.Request) (web.Response, error) {
	content, etag := browser.Client()
	response := web.NoContent().With("Cache-Control", "no-cache").With("Etag", etag)
	if matches(r, etag) {
		response.Status = http.StatusNotModified
		return response, nil
	}
	response.Status, response.Body = http.StatusOK, content
	return response.With("Content-Type", browser.ContentType), nil
}

// matches evaluates If-None-Match (RFC 9110, section 13.1.2). A proxy may have made
// the entity tag weak.
func matches(r web.Request, etag string) bool {
	for _, line := range r.Header.Values("If-None-Match") {
		for one := range strings.SplitSeq(line, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == etag {
				return true
			}
		}
	}
	return false
}
