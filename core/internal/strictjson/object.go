package strictjson

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Object is a parsed JSON object. The zero value has no members.
type Object struct {
	members []member
}

type member struct {
	name  string
	value Value
}

// Parse parses one JSON object, surrounded by nothing except white space. The
// error is a [*SyntaxError].
func Parse(text []byte) (Object, error) { return parse(string(text)) }

func parse(text string) (Object, error) {
	expected := min(1+strings.Count(text, ","), fewMembers)
	s := scanner{text: text, members: make([]member, 0, expected)}
	if err := s.document(); err != nil {
		return Object{}, err
	}
	return Object{members: s.members}, nil
}

// Lookup returns the member with exactly that name.
func (o Object) Lookup(name string) (Value, bool) {
	for _, m := range o.members {
		if m.name == name {
			return m.value, true
		}
	}
	return "", false
}

// All returns the members in order.
func (o Object) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, m := range o.members {
			if !yield(m.name, m.value) {
				return
			}
		}
	}
}

// Len returns the number of members.
func (o Object) Len() int { return len(o.members) }

// Filter returns the object with the members for which keep returns true.
func (o Object) Filter(keep func(name string, value Value) bool) Object {
	kept := make([]member, 0, len(o.members))
	for _, m := range o.members {
		if keep(m.name, m.value) {
			kept = append(kept, m)
		}
	}
	return Object{members: kept}
}

// With returns the object with the member replaced, or added as the last one.
// value must be JSON.
func (o Object) With(name string, value Value) Object {
	members := slices.Clone(o.members)
	if i := slices.IndexFunc(members, func(m member) bool { return m.name == name }); i >= 0 {
		members[i].value = value
	} else {
		members = append(members, member{name, value})
	}
	return Object{members: members}
}

// Names returns the names of the members in order.
func (o Object) Names() []string {
	names := make([]string, len(o.members))
	for i, m := range o.members {
		names[i] = m.name
	}
	return names
}

// CheckCase returns an error if the name of a member differs from one of the
// known names in letter case only, because encoding/json would match it. It does
// not check nested objects.
func (o Object) CheckCase(known ...string) error {
	for _, m := range o.members {
		for _, name := range known {
			if m.name != name && strings.EqualFold(m.name, name) {
				return fmt.Errorf("strictjson: member %q is in another letter case", name)
			}
		}
	}
	return nil
}

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

func (v Value) begins(c byte) bool { return strings.IndexByte(string(v), c) == 0 }
