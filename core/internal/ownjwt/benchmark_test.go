package ownjwt_test

import (
	"testing"

	"github.com/cotterpin/cotterpin/core/config"
)

// A token that was verified before costs no statement and no allocation.
func BenchmarkStrategy_Check(b *testing.B) {
	w := newWorld(b, config.OwnSession{})
	token := bearer(w.signIn(b, w.login()).Token)
	w.mustCheck(b, token.Token, false)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := w.Check(b.Context(), token, false); err != nil {
			b.Fatal(err)
		}
	}
}
