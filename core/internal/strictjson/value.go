package strictjson

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Value is one JSON value of a parsed [Object], as sent. For the zero value,
// which is not JSON, every method reports false.
type Value string

// String returns a JSON string, decoded.
func (v Value) String() (string, bool) {
	if !v.begins('"') {
		return "", false
	}
	s := scanner{text: string(v)}
	decoded, err := s.string()
	return decoded, err == nil
}

// Number returns a JSON number as sent.
func (v Value) Number() (json.Number, bool) {
	if v == "" || v[0] != '-' && !isDigit(v[0]) {
		return "", false
	}
	return json.Number(v), true
}

// Int64 returns a JSON number without fraction or exponent that fits.
func (v Value) Int64() (int64, bool) {
	number, ok := v.Number()
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	return n, err == nil
}

// Bool returns a JSON true or false.
func (v Value) Bool() (value, ok bool) { return v == "true", v == "true" || v == "false" }

// IsNull reports whether the value is null.
func (v Value) IsNull() bool { return v == "null" }

// Object returns a JSON object.
func (v Value) Object() (Object, bool) {
	if !v.begins('{') {
		return Object{}, false
	}
	o, err := parse(string(v))
	return o, err == nil
}

// Array returns the elements of a JSON array. They are nil if it is empty.
func (v Value) Array() ([]Value, bool) {
	if !v.begins('[') {
		return nil, false
	}
	var elements []Value
	s := scanner{text: string(v)}
	err := s.array(func(e Value) { elements = append(elements, e) })
	return elements, err == nil
}

// Strings returns a JSON array whose elements are all strings. They are nil if
// it is empty.
func (v Value) Strings() ([]string, bool) {
	elements, ok := v.Array()
	if !ok {
		return nil, false
	}
	var list []string
	for _, e := range elements {
		s, ok := e.String()
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

// Any returns a string, a bool, a [json.Number] or a []string. It reports false
// for any other value.
func (v Value) Any() (any, bool) {
	if s, ok := v.String(); ok {
		return s, true
	}
	if b, ok := v.Bool(); ok {
		return b, true
	}
	if number, ok := v.Number(); ok {
		return number, true
	}
	if list, ok := v.Strings(); ok {
		return list, true
	}
	return nil, false
}

func (v Value) begins(c byte) bool { return strings.IndexByte(string(v), c) == 0 }
