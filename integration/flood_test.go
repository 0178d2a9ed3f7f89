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

var floodFor = flag.Duration("flood", 3*time.Second, "how `long` bad tokens come in the attack F-L01")

// floodOfRefusals has forged tokens and such with invented kids come as fast as
// they can while somebody works. It bounds what the flood costs the issuer, and
// what it leaves in the program; how much longer good requests take is only told.
func floodOfBadTokens(t *testing.T, s *scene) {
	issuer := providertest.NewIssuer(t)
	p := s.alone(t, issuer, tokenBearer)
	p.signIn(t, issuer, ada)
	_, calm := p.flooded(t, issuer, 0, *floodFor)
	p.flooded(t, issuer, floodWorkers, *floodFor/3) // what any load needs is needed once

	began, before, asked := time.Now(), p.peakMemory(t), issuer.Requests(providertest.CotterKeysPath)
	refused, busy := p.flooded(t, issuer, floodWorkers, *floodFor)
	asked, grown := issuer.Requests(providertest.CotterKeysPath)-asked, p.peakMemory(t)-before
	if most := allowedFetches(began); asked > most {
		t.Errorf("the issuer was asked %d times, want %d at most", asked, most)
	}
	const mostMemory, mostGoroutines = 32 << 10, 60
	if grown > mostMemory {
		t.Errorf("the memory of the program has grown by %d KiB, want %d at most", grown, mostMemory)
	}
	p.me(t, bearer(issuer.AccessToken(ada)))
	left := p.goroutines(t)
	if left > mostGoroutines {
		t.Errorf("%d goroutines are left, want %d at most", left, mostGoroutines)
	}
	t.Logf("%d refusals in %v, %d questions to the issuer, %d KiB of memory and %d KiB more, %d goroutines left; good requests take %v without, %v within",
		refused, *floodFor, asked, before, grown, left, calm, busy)
}

// durations are those of requests.
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

// flooded makes good requests for a while, one after the other, and bad ones
// beside them. It returns how many were refused, and how long the good ones took.
func (p *program) flooded(t *testing.T, issuer *providertest.Issuer, workers int, during time.Duration) (refused int64, took durations) {
	t.Helper()
	var count atomic.Int64
	var group sync.WaitGroup
	ends := time.Now().Add(during)
	for worker := range workers {
		group.Go(func() {
			ask, done := p.asking()
			defer done()
			forged := issuer.AccessToken(ada, providertest.ForgedBy(providertest.NewKey(issuer.Key().ID)))
			_, rest, _ := strings.Cut(forged, ".")
			for n := 0; time.Now().Before(ends) && !t.Failed(); n++ {
				token := forged
				if n%2 == 0 {
					token = encoded(fmt.Sprintf(`{"alg":"ES256","kid":"SPACE_JWT_PUBLIC:%d-%d-%d"}`, worker, ends.UnixNano(), n)) + "." + rest
				}
				if status, err := ask(token); err != nil || status != http.StatusUnauthorized {
					t.Errorf("a bad request: %d, %v", status, err)
				}
				count.Add(1)
			}
		})
	}
	ask, done := p.asking()
	defer done()
	for time.Now().Before(ends) && !t.Failed() {
		good := issuer.AccessToken(ada)
		began := time.Now()
		if status, err := ask(good); err != nil || status != http.StatusOK {
			t.Errorf("a good request: %d, %v", status, err)
		}
		took = append(took, time.Since(began))
	}
	group.Wait()
	return count.Load(), took
}

// asking returns what asks who bears a token, over one connection until it is
// done.
func (p *program) asking() (ask func(token string) (status int, err error), done func()) {
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

// goroutines ends the process by SIGQUIT, at which it writes down what each
// goroutine does, and counts them.
func (p *program) goroutines(t *testing.T) int {
	t.Helper()
	if err := p.command.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	p.log = <-p.logged
	_ = p.command.Wait() // it ends with a code of its own
	count := strings.Count(p.log, "\ngoroutine ")
	if count == 0 {
		t.Error("the process tells nothing of its goroutines")
	}
	return count
}
