package configfile

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/cotterpin/cotterpin/core/config"
)

// field is the argument or nested block of a field of a struct.
type field struct {
	name     string
	doc      string
	required bool
	nested   bool          // a block; else an argument
	value    reflect.Value // the field; a pointer to a struct for a nested block
}

// fieldsOf returns the fields of the structs that targets point to, by their
// `hcl` tags. An invalid tag is an error in the program, and panics.
func fieldsOf(targets ...any) []field {
	var fields []field
	for _, target := range targets {
		structure := reflect.ValueOf(target).Elem()
		for declared, value := range structure.Fields() {
			tag, ok := declared.Tag.Lookup("hcl")
			if !ok {
				continue
			}
			name, kind, _ := strings.Cut(tag, ",")
			f := field{name: name, doc: declared.Tag.Get("doc"), value: value}
			switch kind {
			case "":
				f.required = true
			case "optional":
			case "block":
				f.nested = true
			default:
				panic(fmt.Sprintf("config: %s.%s: the tag hcl:%q is neither optional nor block", structure.Type(), declared.Name, tag))
			}
			fields = append(fields, f)
		}
	}
	return fields
}

// isSecret reports whether the argument's value must not be shown.
func (f field) isSecret() bool {
	t := f.value.Type()
	return t == reflect.TypeFor[config.Secret]() || t == reflect.TypeFor[*config.Secret]()
}

// problem returns what is wrong with a value that was not assigned.
func (f field) problem(err error) string {
	if !errors.Is(err, errType) {
		return err.Error()
	}
	switch f.typeName() {
	case "bool":
		return "must be true or false"
	case "number":
		return "must be a whole number"
	case "list(string)":
		return `must be a list of strings, such as ["a", "b"]`
	case "map(string)":
		return `must be strings with names, such as { a = "b" }`
	case "duration":
		return `must be a string with a unit, such as "90s", "15m" or "30d"`
	default:
		return "must be one string, in quotes"
	}
}

// schemaOf returns the fields as a schema of HCL, in which no argument is
// required: an argument that is null is missing too, which [decoder.argument]
// checks.
func schemaOf(fields []field) *hcl.BodySchema {
	schema := &hcl.BodySchema{}
	for _, f := range fields {
		if f.nested {
			schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: f.name})
		} else {
			schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: f.name})
		}
	}
	return schema
}

// namesOf returns the names of the fields in alphabetical order.
func namesOf(fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
