// Package browser contains the browser helper, a JavaScript module without
// dependencies.
package browser

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
)

// ContentType is the media type of the helper.
const ContentType = "text/javascript; charset=utf-8"

//go:embed client.js
var client []byte

// Client returns the helper, which must not be changed, and its strong entity tag
// (RFC 9110, section 8.8.3).
func Client() (content []byte, etag string) {
	digest := sha256.Sum256(client)
	return client, `"` + base64.RawURLEncoding.EncodeToString(digest[:16]) + `"`
}
