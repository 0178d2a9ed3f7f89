// Package bench measures the hot paths next to their theoretical limit and to
// other libraries: go test -bench . ./integration/bench prints one table. Compare
// the ratios, which come from one run of one program on one machine, rather than
// the times. No timing decides whether a test passes.
//
// A run takes a quarter of an hour, most of it for tables of a million rows and a
// million tokens: -rows and -tokens reduce these, and -update writes the table
// into README.md. BenchmarkGrowth fails if a statement scans its largest table.
package bench
