package bench_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// connections is the number of concurrent clients, each on its own connection.
const connections = 8

// BenchmarkSocket is the demo application as its own process. Clients on the same
// machine send requests over loopback. A guarded route is
// compared with an unguarded one.
func BenchmarkSocket(b *testing.B) {
	dir := b.TempDir()
	build := exec.CommandContext(b.Context(), "go", "build", "-buildvcs=false", "-o", dir+string(filepath.Separator), "./nethttp", "./gin", "./fiber")
	build.Dir = "../examples"
	if output, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, output)
	}
	issuer := providertest.NewIssuer(b)
	for _, framework := range []string{"nethttp", "gin", "fiber"} {
		for _, session := range []struct{ name, block string }{{"own", ownSession}, {"provider_token", tokenUser}} {
			series := "demo with " + framework + ", " + session.name
			b.Run(series, func(b *testing.B) {
				program := start(b, filepath.Join(dir, framework), configuration(issuer, 10_000, session.block, "database \"sqlite\" {}\n"))
				token := program.login(b, issuer)
				b.Run("open", func(b *testing.B) {
					loads.add(series, "unguarded", program.load(b, "/api/public", "Accept: */*"))
				})
				b.Run("guarded", func(b *testing.B) {
					loads.add(series, "guarded", program.load(b, "/api/me", "Authorization: Bearer "+token))
				})
			})
		}
	}
}

// program is a running demo application.
type program struct{ address string }

func start(b *testing.B, binary, configuration string) program {
	b.Helper()
	dir := b.TempDir()
	file := filepath.Join(dir, "auth.hcl")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		b.Fatal(err)
	}
	command := exec.Command(binary, "-addr", "127.0.0.1:0", "-config", file)
	command.Dir = dir
	stderr, err := command.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if address, found := strings.CutPrefix(lines.Text(), "listening on http://"); found {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return program{address}
		}
	}
	b.Fatalf("%s did not listen", binary)
	return program{}
}

// login returns a token that the application recognizes Ada by.
func (p program) login(b *testing.B, issuer *providertest.Issuer) string {
	b.Helper()
	response, err := http.Post("http://"+p.address+"/auth/login", "application/json", bytes.NewReader(issuer.Login(ada).Body()))
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	var body struct {
		Token struct {
			AccessToken string `json:"access_token"`
		} `json:"token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil || body.Token.AccessToken == "" {
		b.Fatalf("login: %s %v", response.Status, err)
	}
	return body.Token.AccessToken
}

// load sends b.N requests with the header line.
func (p program) load(b *testing.B, target, line string) load {
	b.Helper()
	request := []byte("GET " + target + " HTTP/1.1\r\nHost: " + p.address + "\r\n" + line + "\r\n\r\n")
	var (
		times  []time.Duration
		left   atomic.Int64
		mu     sync.Mutex
		group  sync.WaitGroup
		failed atomic.Value
	)
	left.Store(int64(b.N))
	b.ResetTimer()
	for range connections {
		group.Go(func() {
			took, err := p.send(request, &left)
			if err != nil {
				failed.Store(err)
			}
			mu.Lock()
			defer mu.Unlock()
			times = append(times, took...)
		})
	}
	group.Wait()
	b.StopTimer()
	if err := failed.Load(); err != nil {
		b.Fatal(err)
	}
	slices.Sort(times)
	l := load{rate: float64(b.N) / b.Elapsed().Seconds(), median: percentile(times, 50), p99: percentile(times, 99)}
	b.ReportMetric(l.rate, "requests/s")
	return l
}

// send sends the request on one connection until none are left.
func (p program) send(request []byte, left *atomic.Int64) (times []time.Duration, err error) {
	connection, err := net.Dial("tcp", p.address)
	if err != nil {
		return nil, fmt.Errorf("requesting: %w", err)
	}
	defer connection.Close()
	reader := bufio.NewReader(connection)
	for left.Add(-1) >= 0 {
		began := time.Now()
		if _, err := connection.Write(request); err != nil {
			return times, fmt.Errorf("requesting: %w", err)
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return times, fmt.Errorf("requesting: %w", err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return times, fmt.Errorf("requesting: %w", err)
		}
		if err := isOK(response.StatusCode); err != nil {
			return times, err
		}
		times = append(times, time.Since(began))
	}
	return times, nil
}

// load is what was measured of a route under load.
type load struct {
	rate        float64 // responses a second
	median, p99 time.Duration
}

// loaded is the loads in the order in which they were measured.
type loaded []struct {
	series, name string
	load
}

var loads loaded

func (l *loaded) add(series, name string, measured load) {
	for i, r := range *l {
		if r.series == series && r.name == name { // the last one had the most requests
			(*l)[i].load = measured
			return
		}
	}
	*l = append(*l, struct {
		series, name string
		load
	}{series, name, measured})
}

// write writes the table as Markdown. The first of a series is what the others
// are compared with.
func (l *loaded) write(w io.Writer) {
	if len(*l) == 0 {
		return
	}
	fmt.Fprintf(w, "\n| over %d sockets | a second | ratio | median | p99 |\n|---|---:|---:|---:|---:|\n", connections)
	series, first := "", 0.0
	for _, r := range *l {
		if r.series != series {
			series, first = r.series, r.rate
		}
		fmt.Fprintf(w, "| %s: %s | %.0f | %.2f | %s | %s |\n", series, highlighted(r.name), r.rate, r.rate/first, short(r.median), short(r.p99))
	}
}

// percentile returns that percentile of sorted times.
func percentile(times []time.Duration, percent int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	return times[(len(times)-1)*percent/100]
}
