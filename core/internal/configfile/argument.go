package configfile

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
)

// Argument describes one argument of the language, for tables in documents.
type Argument struct {
	Block    string // header of the block, such as `provider "oidc"`; "provider" for what they all have
	Name     string // "http.timeout" in a nested block
	Type     string // "string", "bool", "number", "duration", "secret", "list(string)" or "map(string)"
	Required bool
	Default  string // as it is written in the file; "" for none
	Doc      string // one line
}

// Arguments returns all arguments that a file with the given types may have, in
// the order of their declaration. Its error is a [config.Diagnostics].
func Arguments(list []config.Type) ([]Argument, error) {
	known, err := typesOf(list)
	if err != nil {
		return nil, err
	}
	return known.arguments(), nil
}

func (t types) arguments() []Argument {
	var all []Argument
	add := func(at Path, targets ...any) { all = append(all, argumentsOf(at, targets...)...) }

	add(Path{Block: BlockAuth}, new(config.Auth{}.WithDefaults()))
	add(Path{Block: BlockProvider}, new(provider.Common{}.WithDefaults()))
	for _, t := range byName(t.providers) {
		add(Path{Block: BlockProvider, Label: t.Name()}, t.NewSettings())
	}
	add(Path{Block: BlockUsers}, new(config.Users{}.WithDefaults()))
	add(Path{Block: BlockSession, Label: config.StrategyOwn}, new(config.OwnSession{}.WithDefaults()))
	add(Path{Block: BlockSession, Label: config.StrategyProviderToken}, new(config.ProviderTokenSession{}.WithDefaults()))
	for _, t := range byName(t.databases) {
		add(Path{Block: BlockDatabase, Label: t.Name()}, t.NewSettings())
	}
	return all
}

func argumentsOf(at Path, targets ...any) []Argument {
	var all []Argument
	for _, f := range fieldsOf(targets...) {
		in := at.in(f.name)
		if !f.nested {
			all = append(all, Argument{
				Block:    at.String(),
				Name:     in.Argument,
				Type:     f.typeName(),
				Required: f.required,
				Default:  f.defaultText(),
				Doc:      f.doc,
			})
			continue
		}
		nested := f.value
		if nested.IsNil() {
			nested = reflect.New(f.value.Type().Elem())
		}
		all = append(all, argumentsOf(in, nested.Interface())...)
	}
	return all
}

// typeName returns what the language calls the type of the argument.
func (f field) typeName() string {
	t := f.value.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[config.Duration]():
		return "duration"
	case t == reflect.TypeFor[config.Secret]():
		return "secret"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Int:
		return "number"
	case reflect.Slice:
		return "list(string)"
	case reflect.Map:
		return "map(string)"
	default:
		return "string"
	}
}

// defaultText returns the default as it is written in the file.
func (f field) defaultText() string {
	value := f.value
	if f.required || value.IsZero() && value.Kind() != reflect.Bool {
		return ""
	}
	if value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	switch v := value.Interface().(type) {
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			return ""
		}
		return strconv.Quote(string(text))
	case []string:
		quoted := make([]string, len(v))
		for i, element := range v {
			quoted[i] = strconv.Quote(element)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	if value.Kind() == reflect.String {
		return strconv.Quote(value.String())
	}
	return fmt.Sprint(value.Interface())
}
