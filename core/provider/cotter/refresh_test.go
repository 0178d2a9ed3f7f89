package cotter_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

func TestRefresh_Once(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	old := i.Login(ada).RefreshToken

	refreshed, err := p.Refresher().Refresh(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	if refreshed.RefreshToken == "" || refreshed.RefreshToken == old {
		t.Error("the refresh returned no new refresh token")
	}
	id, err := p.Login(t.Context(), refreshed.Tokens)
	if err != nil || id.Subject != providertest.SubjectOf(ada) {
		t.Errorf("the new tokens are of %q: %v", id.Subject, err)
	}
	_, err = p.Refresher().Refresh(t.Context(), old)
	if autherr.CodeOf(err) != autherr.InvalidToken || autherr.ReasonOf(err) != "provider_refused" {
		t.Errorf("the second time: %v, want %s (provider_refused)", err, autherr.InvalidToken)
	}
	if _, err := p.Refresher().Refresh(t.Context(), refreshed.RefreshToken); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

func TestRefresh_ProviderFailure(t *testing.T) {
	t.Parallel()
	for _, mode := range []providertest.Mode{
		providertest.Failing, providertest.Slow, providertest.Garbage, providertest.Huge, providertest.Empty,
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			i := providertest.NewIssuer(t)
			p := open(t, i, func(_ *cotter.Settings, common *provider.Common) {
				common.HTTP = &provider.HTTP{Timeout: config.Duration(500 * time.Millisecond)}
			})
			token := i.Login(ada).RefreshToken
			i.SetRefresh(mode)
			_, err := p.Refresher().Refresh(t.Context(), token)
			if autherr.CodeOf(err) != autherr.TemporarilyUnavailable {
				t.Errorf("got %v, want %s", err, autherr.TemporarilyUnavailable)
			}
			if strings.Contains(err.Error(), token) {
				t.Errorf("the error contains the token: %v", err)
			}
			if n := i.Requests(providertest.RefreshPath); n != 1 {
				t.Errorf("%d requests, want one: a second one could be made with a revoked token", n)
			}
		})
	}
}

func TestRefresh_ContextCanceled(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Refresher().Refresh(ctx, i.Login(ada).RefreshToken); err != nil {
		t.Errorf("the exchange ended with the caller: %v", err)
	}
}

func TestRefresh_NoNewToken(t *testing.T) {
	t.Parallel()
	i := providertest.NewIssuer(t)
	p := open(t, i, nil)
	login := i.Login(ada)
	i.SetRefreshResponse(map[string]any{"access_token": login.AccessToken})
	refreshed, err := p.Refresher().Refresh(t.Context(), login.RefreshToken)
	if err != nil || refreshed.RefreshToken != login.RefreshToken || refreshed.Tokens.AccessToken != login.AccessToken {
		t.Errorf("got %v", err)
	}
}
