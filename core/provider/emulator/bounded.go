package emulator

import "slices"

// bounded is a map that forgets its oldest entry when a new one would exceed
// the limit. It is not safe for concurrent use; its owner locks.
type bounded[K comparable, V any] struct {
	limit  int
	values map[K]V
	order  []K // oldest first
}

func newBounded[K comparable, V any](limit int) *bounded[K, V] {
	return &bounded[K, V]{limit: limit, values: map[K]V{}}
}

func (b *bounded[K, V]) get(key K) (V, bool) {
	value, ok := b.values[key]
	return value, ok
}

func (b *bounded[K, V]) put(key K, value V) {
	if _, known := b.values[key]; !known {
		if len(b.order) >= b.limit {
			b.remove(b.order[0])
		}
		b.order = append(b.order, key)
	}
	b.values[key] = value
}

func (b *bounded[K, V]) remove(key K) {
	if at := slices.Index(b.order, key); at >= 0 {
		b.order = slices.Delete(b.order, at, at+1)
		delete(b.values, key)
	}
}
