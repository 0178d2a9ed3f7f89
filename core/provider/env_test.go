package provider_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
	"github.com/cotterpin/cotterpin/core/token"
)

func TestEnv_FetchedKeys(t *testing.T) {
	t.Parallel()
	key := providertest.NewKey("k1")
	document, err := json.Marshal(map[string]any{"keys": []any{key.JWK()}})
	if err != nil {
		t.Fatal(err)
	}
	now, fetches := time.Now(), 0
	env := provider.Env{HTTPClient: &http.Client{Timeout: time.Hour}, Now: func() time.Time { return now }}
	keys := env.FetchedKeys("source", func(ctx context.Context) ([]byte, error) {
		fetches++
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) < 59*time.Minute {
			t.Errorf("the fetch has the deadline %v, want the timeout of the client", deadline)
		}
		return document, nil
	})
	if keys.Source != "source" || fetches != 0 {
		t.Errorf("source %q, %d fetches before the first use", keys.Source, fetches)
	}
	for want := 1; want <= 2; want++ {
		if _, err := keys.Key(t.Context(), token.KeyQuery{ID: "k1", Algorithm: "ES256"}); err != nil {
			t.Fatal(err)
		}
		if fetches != want {
			t.Errorf("%d fetches, want %d: keys are fetched again when they are too old by the clock of the kit", fetches, want)
		}
		now = now.Add(25 * time.Hour)
	}
}

func TestEnv_RemoteKeys(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	for address, want := range map[string]bool{
		i.URL() + providertest.OIDCKeysPath: true,
		"http://id.example.com/jwks":        false,
	} {
		keys, err := provider.Env{Development: true, HTTPClient: &http.Client{}, Now: time.Now}.RemoteKeys(address)
		if (err == nil) != want || want && keys.Source != address {
			t.Errorf("%s: source %q, %v", address, keys.Source, err)
		}
		if !want {
			continue
		}
		if _, err := keys.Key(t.Context(), token.KeyQuery{ID: i.Key().ID, Algorithm: "ES256"}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
