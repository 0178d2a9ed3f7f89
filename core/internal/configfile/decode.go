package configfile

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"
)

// decoder fills structs from the bodies of blocks, and gathers what is wrong.
//
// It stands in for gohcl, which knows neither texts that are parsed (durations,
// secrets) nor two structs that share a body.
type decoder struct {
	source    *Source
	functions *hcl.EvalContext
	found     hcl.Diagnostics
	failed    map[Path]bool // places that have a finding already
}

// report adds a finding that makes what is at the path unusable.
func (d *decoder) report(at Path, found ...*hcl.Diagnostic) {
	d.failed[at] = true
	d.found = append(d.found, found...)
}

// hasFailed reports whether the value at the path is not what the file meant.
func (d *decoder) hasFailed(at Path) bool {
	for ; at != (Path{}); at = at.outer() {
		if d.failed[at] {
			return true
		}
	}
	return false
}

// decode fills the structs that targets point to from the body of the block at
// the path. Fields that the file is silent about stay as they are.
func (d *decoder) decode(at Path, body hcl.Body, targets ...any) {
	fields := fieldsOf(targets...)
	content, unknown := body.Content(schemaOf(fields))
	for _, u := range unknown {
		d.found = append(d.found, withNames(u, "This block has "+namesOf(fields)+"."))
	}
	blocks := content.Blocks.ByType()
	for _, f := range fields {
		if f.nested {
			d.nested(at.in(f.name), f, blocks[f.name])
		} else {
			d.argument(at.in(f.name), f, content.Attributes[f.name])
		}
	}
}

// withNames adds what would be understood to a finding about a name that is
// not, unless HCL has a suggestion.
func withNames(found *hcl.Diagnostic, names string) *hcl.Diagnostic {
	switch found.Summary {
	case "Unsupported argument", "Unsupported block type", "Extraneous JSON object property":
		if !strings.Contains(found.Detail, "Did you mean") {
			found.Detail += " " + names
		}
	}
	return found
}

// nested fills a field from the block of its name. The struct that the field
// points to holds the defaults; it may be shared, and is copied.
func (d *decoder) nested(at Path, f field, blocks []*hcl.Block) {
	if len(blocks) == 0 {
		return
	}
	d.source.places[at] = blocks[0].DefRange
	d.surplus(blocks)
	fresh := reflect.New(f.value.Type().Elem())
	if !f.value.IsNil() {
		fresh.Elem().Set(f.value.Elem())
	}
	d.decode(at, blocks[0].Body, fresh.Interface())
	f.value.Set(fresh)
}

// surplus refuses all blocks but the first.
func (d *decoder) surplus(blocks []*hcl.Block) {
	first := blocks[0]
	for _, second := range blocks[1:] {
		d.found = append(d.found, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  fmt.Sprintf("Second %s block", second.Type),
			Detail:   fmt.Sprintf("The block %s is on line %d already. Remove one of them.", first.Type, first.DefRange.Start.Line),
			Subject:  &second.DefRange,
		})
	}
}

// argument fills a field from the argument of its name; nil if it is absent.
func (d *decoder) argument(at Path, f field, a *hcl.Attribute) {
	value := cty.NullVal(cty.DynamicPseudoType)
	if a != nil {
		d.source.places[at] = a.Range
		var found hcl.Diagnostics
		if value, found = a.Expr.Value(d.functions); found.HasErrors() {
			d.report(at, withAdvice(found)...)
			return
		}
		value, _ = value.UnmarkDeep() // gocty panics on a mark
	}
	if value.IsNull() {
		if f.required {
			d.missing(at, f)
		}
		return
	}
	if err := assign(f.value, value); err != nil {
		d.report(at, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  invalidValue(f.name),
			Detail:   sentence(f.problem(err)),
			Subject:  a.Expr.Range().Ptr(),
		})
		return
	}
	if f.isSecret() && isLiteral(a.Expr) {
		d.found = append(d.found, literalSecret(f.name, a))
	}
}

// withAdvice adds the way out where HCL has none.
func withAdvice(found hcl.Diagnostics) hcl.Diagnostics {
	for _, f := range found {
		if f.Summary == "Variables not allowed" {
			f.Detail = `There are no variables in this file. A text stands in quotes, and a value from outside comes through env("NAME").`
		}
	}
	return found
}

func (d *decoder) missing(at Path, f field) {
	d.report(at, &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Missing required argument",
		Detail:   fmt.Sprintf("The argument %q is required: %s.", f.name, f.doc),
		Subject:  d.source.place(at).Ptr(),
	})
}

// isLiteral reports whether the expression is a text that stands in the file.
// The context must not be nil: HCL gives no error for a call without one.
func isLiteral(e hcl.Expression) bool {
	value, found := e.Value(&hcl.EvalContext{})
	return !found.HasErrors() && !value.RawEquals(cty.StringVal(""))
}

func literalSecret(name string, a *hcl.Attribute) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagWarning,
		Summary:  fmt.Sprintf("Secret %q stands in the file", name),
		Detail: fmt.Sprintf("Whoever reads the file or its history knows it. Take it from the environment, %[1]s = env(\"NAME\"), "+
			"or from a file, %[1]s = trimspace(file(\"PATH\")).", name),
		Subject: a.Expr.Range().Ptr(),
	}
}

// errKind means that a value is of another kind than the argument.
var errKind = errors.New("config: wrong kind of value")

// assign puts a value that is not null into target. Its error is errKind, or
// that of a text's own parser.
func assign(target reflect.Value, value cty.Value) error {
	if target.Kind() == reflect.Pointer {
		fresh := reflect.New(target.Type().Elem())
		if err := assign(fresh.Elem(), value); err != nil {
			return err
		}
		target.Set(fresh)
		return nil
	}
	place := target.Addr().Interface()
	if parsed, ok := place.(encoding.TextUnmarshaler); ok {
		text, err := convert.Convert(value, cty.String)
		if err != nil {
			return errKind
		}
		return parsed.UnmarshalText([]byte(text.AsString())) //nolint:wrapcheck // the type says what is wrong with the text
	}
	kind, err := gocty.ImpliedType(place)
	if err != nil {
		panic(fmt.Sprintf("config: an argument cannot be a %s: %v", target.Type(), err))
	}
	converted, err := convert.Convert(value, kind)
	if err != nil || gocty.FromCtyValue(converted, place) != nil {
		return errKind
	}
	return nil
}

func invalidValue(argument string) string { return fmt.Sprintf("Invalid value for %q", argument) }

// sentence returns text with a capital letter and a full stop.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
