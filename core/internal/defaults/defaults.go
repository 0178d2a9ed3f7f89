// Package defaults fills the fields that a program left out of a struct.
package defaults

import "reflect"

// Fill returns value with each zero field replaced by the field of defaults.
// Where both point to a struct, the same holds for that struct, which is copied
// first. A field whose zero value differs from its default therefore needs a
// pointer, or a value that means zero explicitly.
func Fill[T any](value, defaults T) T {
	fill(reflect.ValueOf(&value).Elem(), reflect.ValueOf(&defaults).Elem())
	return value
}

func fill(value, defaults reflect.Value) {
	if value.Kind() != reflect.Struct {
		return
	}
	for i := range value.NumField() {
		field, standard := value.Field(i), defaults.Field(i)
		switch {
		case !field.CanSet() || standard.IsZero():
		case field.IsZero():
			field.Set(standard)
		case isPointerToStruct(field):
			filled := reflect.New(field.Type().Elem())
			filled.Elem().Set(field.Elem())
			fill(filled.Elem(), standard.Elem())
			field.Set(filled)
		}
	}
}

func isPointerToStruct(v reflect.Value) bool {
	return v.Kind() == reflect.Pointer && v.Type().Elem().Kind() == reflect.Struct
}
