package emulator_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/provider"
)

const jwksPath = "/api/v0/token/jwks"

func (b *bench) fault(t *testing.T, body string) {
	t.Helper()
	response := b.serve(t, request(http.MethodPost, "/_emulator/faults", body))
	wantStatus(t, response, http.StatusNoContent)
	if len(response.Body) != 0 {
		t.Errorf("body %s, want none", response.Body)
	}
}

func (b *bench) published(t *testing.T) []map[string]string {
	t.Helper()
	response := b.serve(t, request(http.MethodGet, jwksPath, ""))
	wantStatus(t, response, http.StatusOK)
	var set struct{ Keys []map[string]string }
	decode(t, response.Body, &set)
	return set.Keys
}

func TestEmulator_KeySet(t *testing.T) {
	t.Parallel()
	keys := newBench(t).published(t)
	if len(keys) != 1 {
		t.Fatalf("%d published keys, want one", len(keys))
	}
	key := keys[0]
	if len(key) != 7 || key["kty"] != "EC" || key["crv"] != "P-256" || key["alg"] != "ES256" || key["use"] != "sig" ||
		len(key["x"]) != 43 || len(key["y"]) != 43 || key["kid"] == "SPACE_JWT_PUBLIC:8028AAA3-EC2D-4BAA-BE7A-7C8359CCB9F9" {
		t.Errorf("published key %v", key)
	}
}

func TestFaults_KeySet(t *testing.T) {
	t.Parallel()
	for mode, spoilt := range map[string]func(int, []byte) bool{
		"500":     func(status int, _ []byte) bool { return status == http.StatusInternalServerError },
		"garbage": func(status int, body []byte) bool { return status == http.StatusOK && body[0] == '<' },
		"huge":    func(status int, body []byte) bool { return status == http.StatusOK && len(body) > 8<<20 },
		"empty":   func(status int, body []byte) bool { return status == http.StatusOK && string(body) == `{"keys":[]}` },
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			right := b.serve(t, request(http.MethodGet, jwksPath, ""))
			b.fault(t, `{"jwks":"`+mode+`"}`)
			wrong := b.serve(t, request(http.MethodGet, jwksPath, ""))
			if spoilt(right.Status, right.Body) || !spoilt(wrong.Status, wrong.Body) {
				t.Errorf("with the fault: status %d, %d bytes", wrong.Status, len(wrong.Body))
			}
			b.fault(t, `{"jwks":"ok"}`)
			if again := b.serve(t, request(http.MethodGet, jwksPath, "")); !bytes.Equal(again.Body, right.Body) {
				t.Errorf("after the fault: %s", again.Body)
			}
		})
	}
}

func TestFaults_SlowKeySet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.fault(t, `{"jwks":"slow"}`)
		begin := time.Now()
		wantStatus(t, b.serve(t, request(http.MethodGet, jwksPath, "")), http.StatusOK)
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("the slow response took %v, want 10s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin = time.Now()
		b.Serve(ctx, request(http.MethodGet, jwksPath, ""))
		if took := time.Since(begin); took != time.Second {
			t.Errorf("the response took %v, want the caller's 1s", took)
		}
	})
}

func TestFaults_RotateThenDrop(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	old := provider.Tokens{AccessToken: b.tokens(t).Access}
	if err := b.verify(t, old); err != nil {
		t.Fatal(err)
	}
	b.fault(t, `{"rotate":true}`)
	fresh := provider.Tokens{AccessToken: b.tokens(t).Access}
	if part(t, old.AccessToken, 0)["kid"] == part(t, fresh.AccessToken, 0)["kid"] {
		t.Fatal("the key is the same after the rotation")
	}
	retired := provider.Tokens{AccessToken: b.mint(t, `{"identifier":"`+ada+`","key":"retired"}`).Access}
	if part(t, old.AccessToken, 0)["kid"] != part(t, retired.AccessToken, 0)["kid"] {
		t.Error("the retired key is not the previous one")
	}
	for name, c := range map[string]provider.Tokens{"old": old, "fresh": fresh, "retired": retired} {
		if err := b.verify(t, c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.fault(t, `{"drop_old":true}`)
	if err := b.verify(t, old); autherr.CodeOf(err) != autherr.InvalidToken {
		t.Errorf("old after the drop: %v", err)
	}
	if err := b.verify(t, fresh); err != nil {
		t.Errorf("fresh after the drop: %v", err)
	}
	if keys := b.published(t); len(keys) != 1 {
		t.Errorf("%d keys after the drop, want one", len(keys))
	}
}

func TestFaults_RotateAndDrop(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	before := b.published(t)[0]["kid"]
	b.fault(t, `{"rotate":true,"drop_old":true}`)
	if after := b.published(t); len(after) != 1 || after[0]["kid"] == before {
		t.Errorf("keys %v, want a new one alone", after)
	}
}

func TestFaults_PublishedKeysBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 20 {
		b.fault(t, `{"rotate":true}`)
	}
	if keys := b.published(t); len(keys) != 16 {
		t.Errorf("%d published keys, want 16", len(keys))
	}
}

func TestFaults_ClockSkew(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for skew, want := range map[string]int64{"90s": 90, "-90s": -90, "0s": 0} {
		b.fault(t, `{"clock_skew":"`+skew+`"}`)
		claims := part(t, b.tokens(t).Access, 1)
		if got := int64(claims["iat"].(float64)) - b.time().Unix(); got != want {
			t.Errorf("skew %s: iat is off by %d", skew, got)
		}
	}
}

func TestFaults_RejectsUnknown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.fault(t, `{}`)
	before := b.published(t)
	for _, body := range []string{
		``, `null`, `[]`, `{"jwks":"other"}`, `{"jwks":500}`, `{"rotate":true,"rotate":true}`, `{"rotate":true,"drop_old":1}`,
		`{"rotate":"true"}`, `{"clock_skew":90}`, `{"clock_skew":"90"}`, `{"rotate":true,"other":1}`, `{"Rotate":true}`,
	} {
		wantError(t, b.serve(t, request(http.MethodPost, "/_emulator/faults", body)), http.StatusBadRequest, "")
	}
	if after := b.published(t); len(after) != 1 || after[0]["kid"] != before[0]["kid"] {
		t.Errorf("a rejected request changed the keys")
	}
}
