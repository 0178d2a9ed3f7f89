//go:build !race

package jwt

const raceDetector = false
