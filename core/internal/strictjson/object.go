package strictjson

import (
	"fmt"
	"iter"
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
