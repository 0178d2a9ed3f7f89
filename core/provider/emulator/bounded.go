package emulator

import "container/list"

// bounded is a map that forgets its oldest entry when a new one would exceed
// the limit. It is not safe for concurrent use; its owner locks.
type bounded[K comparable, V any] struct {
	limit   int
	entries map[K]*list.Element // whose Value is an entry[K, V]
	order   *list.List          // oldest first
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newBounded[K comparable, V any](limit int) *bounded[K, V] {
	return &bounded[K, V]{limit: limit, entries: map[K]*list.Element{}, order: list.New()}
}

func (b *bounded[K, V]) get(key K) (V, bool) {
	if element, ok := b.entries[key]; ok {
		return element.Value.(entry[K, V]).value, true
	}
	var none V
	return none, false
}

func (b *bounded[K, V]) put(key K, value V) {
	if element, ok := b.entries[key]; ok {
		element.Value = entry[K, V]{key, value}
		return
	}
	if b.order.Len() >= b.limit {
		b.remove(b.order.Front().Value.(entry[K, V]).key)
	}
	b.entries[key] = b.order.PushBack(entry[K, V]{key, value})
}

func (b *bounded[K, V]) remove(key K) {
	if element, ok := b.entries[key]; ok {
		b.order.Remove(element)
		delete(b.entries, key)
	}
}
