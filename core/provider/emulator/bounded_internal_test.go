package emulator

import "testing"

func TestBoundedForgetsTheOldest(t *testing.T) {
	t.Parallel()
	b := newBounded[string, int](2)
	b.put("a", 1)
	b.put("b", 2)
	b.put("a", 3) // still the oldest
	b.put("c", 4)
	for key, want := range map[string]int{"a": 0, "b": 2, "c": 4} {
		if got, ok := b.get(key); got != want || ok != (want != 0) {
			t.Errorf("%s: %d, %t", key, got, ok)
		}
	}
	b.remove("b")
	b.remove("b")
	b.put("d", 5)
	if _, ok := b.get("c"); !ok {
		t.Error("c was forgotten although there was room")
	}
}
