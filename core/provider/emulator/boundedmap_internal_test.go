package emulator

import "testing"

func TestBoundedMap_EvictsOldest(t *testing.T) {
	t.Parallel()
	m := newBoundedMap[string, int](2)
	m.put("a", 1)
	m.put("b", 2)
	m.put("a", 3) // still the oldest
	m.put("c", 4)
	for key, want := range map[string]int{"a": 0, "b": 2, "c": 4} {
		if got, ok := m.get(key); got != want || ok != (want != 0) {
			t.Errorf("%s: %d, %t", key, got, ok)
		}
	}
	m.remove("b")
	m.remove("b")
	m.put("d", 5)
	if _, ok := m.get("c"); !ok {
		t.Error("c was evicted although there was room")
	}
}
