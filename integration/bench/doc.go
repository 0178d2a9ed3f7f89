// Package bench measures the hot paths side by side with what they can at best
// be and with the libraries that do the same: go test -bench . ./integration/bench
// prints one table. Read the ratios, which come from one run of one program on
// one machine, not the times. Nothing here decides whether a test passes.
package bench
