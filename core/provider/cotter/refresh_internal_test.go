package cotter

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzReadRefreshed_AsEncodingJSON(f *testing.F) {
	f.Add([]byte(`{"access_token":"a","id_token":"b","refresh_token":"c","expires_in":3600}`))
	f.Add([]byte(`{"access_token":"a"}`))
	f.Add([]byte(`{"access_token":"a","access_token":"b"}`))
	f.Add([]byte(`{"access_token":7}`))
	f.Add([]byte(`<!doctype html>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		refreshed, err := readRefreshed(bytes.NewReader(body))
		if err != nil {
			return
		}
		var want map[string]any
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatalf("%q is accepted, but is not JSON: %v", body, err)
		}
		if got := refreshed.Tokens.AccessToken; got == "" || got != want["access_token"] {
			t.Errorf("%q: access token %q, want %v", body, got, want["access_token"])
		}
	})
}
