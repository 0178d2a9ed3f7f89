package integration_test

import (
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

var floodFor = flag.Duration("flood", 3*time.Second, "`duration` of the flood in attack F-L01")

// floodOfBadTokens sends forged tokens and tokens with invented kids as fast as
// possible, and valid requests at the same time. It limits the requests to the
// issuer and the memory of the program; the duration of valid requests is only
// logged.
func floodOfBadTokens(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p := s.dedicated(t, issuer, tokenBearer)
	p.signIn(t, issuer, ada)
	_, calm := p.flooded(t, issuer, 0, *floodFor)
	p.flooded(t, issuer, floodWorkers, *floodFor/3) // warm up

	began, before, fetches := time.Now(), p.peakMemory(t), issuer.Requests(providertest.CotterKeysPath)
	refused, busy := p.flooded(t, issuer, floodWorkers, *floodFor)
	fetches, grown := issuer.Requests(providertest.CotterKeysPath)-fetches, p.peakMemory(t)-before
	if most := allowedFetches(began); fetches > most {
		t.Errorf("the issuer received %d requests, want at most %d", fetches, most)
	}
	const mostMemory, mostGoroutines = 32 << 10, 60
	if grown > mostMemory {
		t.Errorf("the memory of the program has grown by %d KiB, want at most %d", grown, mostMemory)
	}
	p.me(t, bearer(issuer.AccessToken(ada)))
	left := p.goroutines(t)
	if left > mostGoroutines {
		t.Errorf("%d goroutines are left, want at most %d", left, mostGoroutines)
	}
	t.Logf("%d refusals in %v, %d requests to the issuer, %d KiB of memory and %d KiB more, %d goroutines left; valid requests take %v without a flood, %v during it",
		refused, *floodFor, fetches, before, grown, left, calm, busy)
}

// durations are the durations of requests.
type durations []time.Duration

// String returns the median and the 99th percentile.
func (d durations) String() string {
	if len(d) == 0 {
		return "nothing"
	}
	sorted := slices.Sorted(slices.Values(d))
	at := func(share float64) time.Duration {
		return sorted[int(math.Ceil(share*float64(len(sorted))))-1].Round(10 * time.Microsecond)
	}
	return fmt.Sprintf("%v at the median and %v at the 99th percentile of %d", at(0.5), at(0.99), len(sorted))
}

const floodWorkers = 8

// flooded sends valid requests for a while, one after the other, and bad ones
// at the same time. It returns how many were refused, and the durations of the
// valid ones.
func (p *program) flooded(t *testing.T, issuer *providertest.Issuer, workers int, during time.Duration) (refused int64, took durations) {
	t.Helper()
	var count atomic.Int64
	var group sync.WaitGroup
	ends := time.Now().Add(during)
	for worker := range workers {
		group.Go(func() {
			send, done := p.meClient()
			defer done()
			older := providertest.Claim("iat", time.Now().Add(-time.Minute).Unix()) // than the keys, which therefore decide
			forged := issuer.AccessToken(ada, older, providertest.ForgedBy(providertest.NewKey(issuer.Key().ID)))
			_, rest, _ := strings.Cut(forged, ".")
			for n := 0; time.Now().Before(ends) && !t.Failed(); n++ {
				token := forged
				if n%2 == 0 {
					token = encoded(fmt.Sprintf(`{"alg":"ES256","kid":"SPACE_JWT_PUBLIC:%d-%d-%d"}`, worker, ends.UnixNano(), n)) + "." + rest
				}
				if status, err := send(token); err != nil || status != http.StatusUnauthorized {
					t.Errorf("a bad request: %d, %v", status, err)
				}
				count.Add(1)
			}
		})
	}
	send, done := p.meClient()
	defer done()
	for time.Now().Before(ends) && !t.Failed() {
		valid := issuer.AccessToken(ada)
		began := time.Now()
		if status, err := send(valid); err != nil || status != http.StatusOK {
			t.Errorf("a valid request: %d, %v", status, err)
		}
		took = append(took, time.Since(began))
	}
	group.Wait()
	return count.Load(), took
}

// meClient returns a function that requests the user of a token over one
// connection, until done is called.
func (p *program) meClient() (send func(token string) (status int, err error), done func()) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	return func(token string) (int, error) {
		request, err := http.NewRequest(http.MethodGet, p.origin+"/api/me", nil)
		if err != nil {
			return 0, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(request)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		return response.StatusCode, err
	}, client.CloseIdleConnections
}

// goroutines ends the process with SIGQUIT, which makes it print its
// goroutines, and counts them.
func (p *program) goroutines(t *testing.T) int {
	t.Helper()
	if err := p.command.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	p.log = <-p.logged
	_ = p.command.Wait() // not 0 after SIGQUIT
	count := strings.Count(p.log, "\ngoroutine ")
	if count == 0 {
		t.Error("the process printed no goroutines")
	}
	return count
}
