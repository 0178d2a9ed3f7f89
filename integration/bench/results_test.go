package bench_test

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cotterpin/cotterpin/integration/engine"
)

// readme is where the table is kept; -update writes it there.
const readme = "bench/README.md"

var update = flag.Bool("update", false, "write the table into README.md")

// contender is one implementation in a series.
type contender struct {
	name string
	// prepare returns the measured operation. What it opens closes with b.
	prepare func(b *testing.B) (operation func() error)
}

// compare measures the contenders of a series. The first is the baseline.
func compare(b *testing.B, series string, contenders ...contender) {
	b.Helper()
	for _, c := range contenders {
		b.Run(series+"/"+c.name, func(b *testing.B) {
			operation := c.prepare(b)
			if err := operation(); err != nil { // and it is warm
				b.Fatal(err)
			}
			b.ReportAllocs()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				if err := operation(); err != nil {
					b.Fatal(err)
				}
			}
			runtime.ReadMemStats(&after)
			n := float64(b.N)
			table.add(series, c.name, sample{
				time:        time.Duration(float64(b.Elapsed()) / n),
				allocations: float64(after.Mallocs-before.Mallocs) / n,
			})
		})
	}
}

// sample is one measurement.
type sample struct {
	time        time.Duration
	allocations float64
}

// row is the samples of a contender.
type row struct {
	series, name string
	samples      []sample
}

// best returns the fastest sample: the one with the least interference.
func (r row) best() sample {
	return slices.MinFunc(r.samples, func(a, b sample) int { return cmp.Compare(a.time, b.time) })
}

// rows are in the order in which they were first measured.
type rows []*row

var table rows

func (t *rows) add(series, name string, s sample) {
	for _, r := range *t {
		if r.series == series && r.name == name {
			r.samples = append(r.samples, s)
			return
		}
	}
	*t = append(*t, &row{series, name, []sample{s}})
}

// write writes the table as Markdown.
func (t *rows) write(w io.Writer) {
	series, first := "", time.Duration(0)
	for _, r := range *t {
		m := r.best()
		if r.series != series {
			series, first = r.series, m.time
			fmt.Fprintf(w, "\n| %s | time | ratio | allocations |\n|---|---:|---:|---:|\n", series)
		}
		fmt.Fprintf(w, "| %s | %s | %.2f | %.0f |\n", highlighted(r.name), short(m.time), float64(m.time)/float64(first), m.allocations)
	}
}

func highlighted(name string) string { return strings.Replace(name, "cotterpin", "**cotterpin**", 1) }

// short returns a time with three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", float64(d.Nanoseconds())/1e3)
	default:
		return fmt.Sprintf("%.3g ms", float64(d.Nanoseconds())/1e6)
	}
}

func TestMain(m *testing.M) {
	flag.Parse()
	if err := os.Chdir(".."); err != nil { // where package engine has its images
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	for _, e := range engine.All {
		if err := e.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if len(table)+len(loads)+len(memories) > 0 {
		var text strings.Builder
		fmt.Fprintf(&text, "%s, %s/%s, %d CPUs\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
		table.write(&text)
		loads.write(&text)
		writeMemories(&text)
		fmt.Fprintf(os.Stdout, "\n%s\n", text.String())
		if *update {
			if err := keep(text.String()); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
	}
	os.Exit(code)
}

var kept = regexp.MustCompile(`(?s)(<!-- benchmarks -->\n).*(<!-- /benchmarks -->)`)

// keep writes the table between the marks of README.md.
func keep(text string) error {
	before, err := os.ReadFile(readme)
	if err != nil {
		return fmt.Errorf("keeping the table: %w", err)
	}
	if !kept.Match(before) {
		return fmt.Errorf("keeping the table: %s has no benchmark marks", readme)
	}
	after := kept.ReplaceAllString(string(before), "${1}"+strings.ReplaceAll(text, "$", "$$")+"${2}")
	if err := os.WriteFile(readme, []byte(after), 0o644); err != nil {
		return fmt.Errorf("keeping the table: %w", err)
	}
	return nil
}
