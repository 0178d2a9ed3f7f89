// Package webhook revokes sessions and disables users when a provider requests it by
// a webhook, which is signed as Standard Webhooks specifies
// (https://www.standardwebhooks.com).
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core"
)

const (
	maxBody   = 64 << 10
	tolerance = 5 * time.Minute // of the time at which a message was sent
)

// Handler handles the messages of an issuer: `session.ended` with the sid, and
// `user.banned` with the sub. Others have no effect. A message that is sent again is
// accepted, and has no second effect.
func Handler(kit *core.Kit, issuer string, secret []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		sent, ok := verify(r.Header, body, secret)
		if err != nil || !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var message struct {
			Type string `json:"type"`
			Data struct {
				SID string `json:"sid"`
				Sub string `json:"sub"`
			} `json:"data"`
		}
		signal := core.Signal{Issuer: issuer, ID: "webhook " + r.Header.Get("Webhook-Id"), ExpiresAt: sent.Add(tolerance + time.Second)}
		err = json.Unmarshal(body, &message)
		switch message.Type {
		case "session.ended":
			signal.ProviderSession = message.Data.SID
		case "user.banned":
			signal.Subject, signal.Disable = message.Data.Sub, true
		default:
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if err == nil {
			_, err = kit.Signal(r.Context(), signal)
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError) // the provider sends the message again
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// verify returns when a message was sent; false if its signature is wrong, or it was
// sent too long ago.
func verify(header http.Header, body, secret []byte) (sent time.Time, ok bool) {
	id, timestamp := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for signature := range strings.FieldsSeq(header.Get("Webhook-Signature")) {
		ok = ok || hmac.Equal([]byte(signature), []byte(want))
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	sent = time.Unix(seconds, 0)
	return sent, ok && err == nil && id != "" && time.Since(sent).Abs() <= tolerance
}
