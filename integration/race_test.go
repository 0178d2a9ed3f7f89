//go:build race

package integration_test

// raceDetector says that the programs are built as these tests are.
const raceDetector = true
