// Package bench measures the hot paths side by side with what they can at best
// be and with the libraries that do the same: go test -bench . ./integration/bench
// prints one table. Read the ratios, which come from one run of one program on
// one machine, not the times. Nothing here decides whether a test passes.
//
// It takes a quarter of an hour, most of it for tables of a million rows and a
// million tokens: -rows and -tokens make them fewer, -update writes the table into
// the README. BenchmarkGrowth fails if a statement reads the whole of its largest
// table.
package bench
