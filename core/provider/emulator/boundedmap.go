package emulator

import "slices"

// boundedMap evicts its oldest entry when a new one would exceed the limit. It is
// not safe for concurrent use.
type boundedMap[K comparable, V any] struct {
	limit  int
	values map[K]V
	order  []K // oldest first
}

func newBoundedMap[K comparable, V any](limit int) *boundedMap[K, V] {
	return &boundedMap[K, V]{limit: limit, values: map[K]V{}}
}

func (m *boundedMap[K, V]) get(key K) (V, bool) {
	value, ok := m.values[key]
	return value, ok
}

func (m *boundedMap[K, V]) put(key K, value V) {
	if _, exists := m.values[key]; !exists {
		if len(m.order) >= m.limit {
			m.remove(m.order[0])
		}
		m.order = append(m.order, key)
	}
	m.values[key] = value
}

func (m *boundedMap[K, V]) remove(key K) {
	if i := slices.Index(m.order, key); i >= 0 {
		m.order = slices.Delete(m.order, i, i+1)
		delete(m.values, key)
	}
}
