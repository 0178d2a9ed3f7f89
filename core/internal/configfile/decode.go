package configfile

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"

	"github.com/cotterpin/cotterpin/core/config"
)

// decoder sets structs from the bodies of blocks, and collects the problems.
//
// It is kept by hand because gohcl supports neither types that are parsed from
// strings (durations, secrets), nor two structs for one body, nor more than one
// problem per value, and its errors would show secrets.
type decoder struct {
	source    *Source
	functions *hcl.EvalContext
	filesRead atomic.Int64 // by file()
	found     hcl.Diagnostics
	failed    map[Path]bool // paths that have an error already
}

// report adds errors that make the value at the path unusable.
func (d *decoder) report(at Path, found ...*hcl.Diagnostic) {
	d.failed[at] = true
	d.found = append(d.found, found...)
}

// hasFailed reports whether the value at the path has an error already.
func (d *decoder) hasFailed(at Path) bool {
	for ; at != (Path{}); at = at.outer() {
		if d.failed[at] {
			return true
		}
	}
	return false
}

// decode sets the structs that targets point to from the body of the block at the
// path. Fields whose arguments are omitted stay as they are.
func (d *decoder) decode(at Path, body hcl.Body, targets ...any) {
	fields := fieldsOf(targets...)
	content, unknown := body.Content(schemaOf(fields))
	for _, u := range unknown {
		d.found = append(d.found, withNames(u, "This block has "+namesOf(fields)+"."))
		for _, f := range fields {
			if suggests(u, f.name) {
				d.failed[at.in(f.name)] = true
			}
		}
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

// suggests reports whether a diagnostic about an unknown name suggests the name.
func suggests(found *hcl.Diagnostic, name string) bool {
	return strings.HasSuffix(found.Detail, fmt.Sprintf("Did you mean %q?", name))
}

// withNames adds the known names to a diagnostic about an unknown one, unless HCL
// has a suggestion.
func withNames(found *hcl.Diagnostic, names string) *hcl.Diagnostic {
	switch found.Summary {
	case "Unsupported argument", "Unsupported block type", "Extraneous JSON object property":
		if !strings.Contains(found.Detail, "Did you mean") {
			found.Detail += " " + names
		}
	}
	return found
}

// nested sets a field from the block of its name. The struct that the field
// points to has the defaults; it may be shared, and is copied.
func (d *decoder) nested(at Path, f field, blocks []*hcl.Block) {
	if len(blocks) == 0 {
		return
	}
	d.source.ranges[at] = blocks[0].DefRange
	d.rejectDuplicates(blocks)
	fresh := reflect.New(f.value.Type().Elem())
	if !f.value.IsNil() {
		fresh.Elem().Set(f.value.Elem())
	}
	d.decode(at, blocks[0].Body, fresh.Interface())
	f.value.Set(fresh)
}

// rejectDuplicates reports all blocks except the first.
func (d *decoder) rejectDuplicates(blocks []*hcl.Block) {
	first := blocks[0]
	for _, second := range blocks[1:] {
		d.found = append(d.found, &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  fmt.Sprintf("Duplicate %s block", second.Type),
			Detail:   fmt.Sprintf("There is another block %s on line %d. Remove one of them.", first.Type, first.DefRange.Start.Line),
			Subject:  &second.DefRange,
		})
	}
}

// argument sets a field from the argument of its name; nil if that is omitted.
func (d *decoder) argument(at Path, f field, a *hcl.Attribute) {
	value := cty.NullVal(cty.DynamicPseudoType)
	filesRead := d.filesRead.Load()
	if a != nil {
		d.source.ranges[at] = a.Range
		var found hcl.Diagnostics
		if value, found = a.Expr.Value(d.functions); found.HasErrors() {
			d.report(at, withAdvice(found)...)
			return
		}
		value, _ = value.UnmarkDeep() // gocty panics on a mark
	}
	if value.IsNull() {
		if f.required && !d.failed[at] {
			d.missing(at, f)
		}
		return
	}
	standard := f.defaultText()
	err := assign(f.value, value)
	if err == nil && f.isSecret() && d.filesRead.Load() > filesRead {
		err = d.follow(f.value, a.Expr)
	}
	if err == nil && standard != "" && f.value.IsZero() {
		err = fmt.Errorf("must not be %s: leave it out for the default, %s", zeroName(f.value), standard)
	}
	if err != nil {
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

// follow sets a secret to one that evaluates the expression, which reads a file,
// again at each reload.
func (d *decoder) follow(target reflect.Value, e hcl.Expression) error {
	secret, err := config.SecretFrom(func() (string, error) {
		value, found := e.Value(d.functions)
		if found.HasErrors() {
			return "", errors.New(found[0].Detail)
		}
		var text string
		value, _ = value.UnmarkDeep()
		err := assign(reflect.ValueOf(&text).Elem(), value)
		return text, err
	})
	if err != nil {
		return err
	}
	if target.Kind() == reflect.Pointer {
		target = target.Elem()
	}
	target.Set(reflect.ValueOf(secret))
	return nil
}

// zeroName returns the name of a zero value, which in Go means the default and
// therefore cannot be set in a file.
func zeroName(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return "empty"
	}
	return fmt.Sprint(v.Interface())
}

// withAdvice replaces details of HCL that do not contain what to do.
func withAdvice(found hcl.Diagnostics) hcl.Diagnostics {
	for _, f := range found {
		if f.Summary == "Variables not allowed" {
			f.Detail = `There are no variables in this file. Put strings in quotes, and read values from the environment with env("NAME").`
		}
	}
	return found
}

func (d *decoder) missing(at Path, f field) {
	d.report(at, &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Missing required argument",
		Detail:   fmt.Sprintf("The argument %q is required: %s.", f.name, f.doc),
		Subject:  d.source.rangeOf(at).Ptr(),
	})
}

// isLiteral reports whether the expression is a string that is in the file.
// The context must not be nil: HCL gives no error for a call without one.
func isLiteral(e hcl.Expression) bool {
	value, found := e.Value(&hcl.EvalContext{})
	return !found.HasErrors() && !value.RawEquals(cty.StringVal(""))
}

func literalSecret(name string, a *hcl.Attribute) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagWarning,
		Summary:  fmt.Sprintf("Secret %q is in the file", name),
		Detail: fmt.Sprintf("Anyone who can read the file or its history can read the secret. Read it from the environment, %[1]s = env(\"NAME\"), "+
			"or from a file, %[1]s = trimspace(file(\"PATH\")).", name),
		Subject: a.Expr.Range().Ptr(),
	}
}

// errType means that a value does not have the type of the argument.
var errType = errors.New("config: wrong type of value")

// assign sets target to a value that is not null. Its error is errType, or that of
// the target's UnmarshalText.
func assign(target reflect.Value, value cty.Value) error {
	if target.Kind() == reflect.Pointer {
		fresh := reflect.New(target.Type().Elem())
		if err := assign(fresh.Elem(), value); err != nil {
			return err
		}
		target.Set(fresh)
		return nil
	}
	field := target.Addr().Interface()
	if parsed, ok := field.(encoding.TextUnmarshaler); ok {
		text, err := convert.Convert(value, cty.String)
		if err != nil {
			return errType
		}
		return parsed.UnmarshalText([]byte(text.AsString())) //nolint:wrapcheck // the error is shown as it is
	}
	implied, err := gocty.ImpliedType(field)
	if err != nil {
		panic(fmt.Sprintf("config: an argument cannot be a %s: %v", target.Type(), err))
	}
	converted, err := convert.Convert(value, implied)
	if err != nil || gocty.FromCtyValue(converted, field) != nil {
		return errType
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
