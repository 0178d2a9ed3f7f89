//go:build !race

package integration_test

// raceDetector reports whether programs are built with the race detector, like
// these tests.
const raceDetector = false
