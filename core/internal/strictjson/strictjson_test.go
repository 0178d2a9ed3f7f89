package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
)

// valid covers each rule of the grammar.
var valid = []string{
	`{}`,
	" \t\r\n{ \"a\" :\n[ ] } ",
	`{"a":null,"b":true,"c":false,"A":1}`,
	`{"":"empty name"}`,
	`{"n":[0,-0,1,-1,10,0.5,-0.05,1e9,1E+9,1.25e-3]}`,
	`{"s":"\"\\\/\b\f\n\r\t\u00e9\u00E9\ud83d\ude00é😀\ufffd` + "\uFFFD\u007f" + `"}`,
	`{"a":{"x":1},"b":{"x":2},"c":[{"x":3},{"x":4}]}`,
	nested(strictjson.MaxDepth),
}

func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth-1) + "{}" + strings.Repeat("}", depth-1)
}

func TestParse_AcceptsGrammar(t *testing.T) {
	t.Parallel()
	for _, text := range valid {
		if _, err := strictjson.Parse([]byte(text)); err != nil {
			t.Errorf("Parse(%q): %v", text, err)
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("encoding/json rejects %q", text)
		}
	}
}

func TestParse_Rejects(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":                     ``,
		"white space":                 "  ",
		"an array":                    `[]`,
		"a string":                    `"a"`,
		"null":                        `null`,
		"a byte order mark":           "\uFEFF{}",
		"a second object":             `{}{}`,
		"trailing text":               `{} x`,
		"a trailing NUL":              "{}\x00",
		"a comment":                   `{/**/}`,
		"a vertical tab as space":     "{\v}",
		"a no-break space":            "{\u00a0}",
		"an unfinished object":        `{`,
		"an unfinished member":        `{"a"`,
		"a member without value":      `{"a":}`,
		"a member without colon":      `{"a" 1}`,
		"a name that is a number":     `{1:1}`,
		"a name without quotes":       `{a:1}`,
		"a trailing comma":            `{"a":1,}`,
		"a leading comma":             `{,"a":1}`,
		"two members without comma":   `{"a":1 "b":2}`,
		"a trailing comma in a list":  `{"a":[1,]}`,
		"an unfinished list":          `{"a":[1`,
		"a list closed by a brace":    `{"a":[1}}`,
		"an object closed by bracket": `{"a":1]`,
		"a half literal":              `{"a":tru}`,
		"a literal in capitals":       `{"a":True}`,
		"NaN":                         `{"a":NaN}`,
		"a leading zero":              `{"a":01}`,
		"a leading zero after minus":  `{"a":-01}`,
		"a plus sign":                 `{"a":+1}`,
		"a lone minus":                `{"a":-}`,
		"a number without whole part": `{"a":.5}`,
		"a fraction without digits":   `{"a":1.}`,
		"an exponent without digits":  `{"a":1e}`,
		"an exponent with two signs":  `{"a":1e+-1}`,
		"a hexadecimal number":        `{"a":0x1}`,
		"single quotes":               `{'a':1}`,
		"an unfinished string":        `{"a":"b`,
		"an unfinished escape":        `{"a":"\`,
		"an unknown escape":           `{"a":"\x41"}`,
		"a capital U escape":          `{"a":"\U0041"}`,
		"a short escape":              `{"a":"\u041"}`,
		"an escape with a sign":       `{"a":"\u+041"}`,
		"a cut escape":                `{"a":"\u00`,
		"a line break in a string":    "{\"a\":\"\n\"}",
		"a NUL in a string":           "{\"a\":\"\x00\"}",
		"invalid UTF-8 in a value":    "{\"a\":\"\xff\"}",
		"invalid UTF-8 in a name":     "{\"\xff\":1}",
		"a surrogate in UTF-8":        "{\"a\":\"\xed\xa0\x80\"}",
		"an overlong encoding":        "{\"a\":\"\xc0\xaf\"}",
		"a lone high surrogate":       `{"a":"\ud83d"}`,
		"a lone low surrogate":        `{"a":"\ude00"}`,
		"surrogates the wrong way":    `{"a":"\ude00\ud83d"}`,
		"two high surrogates":         `{"a":"\ud83d\ud83d"}`,
		"a high surrogate and text":   `{"a":"\ud83dx"}`,
		"a high surrogate and escape": `{"a":"\ud83d\n"}`,
		"a lone surrogate in a name":  `{"\ud83d":1}`,
		"a duplicate":                 `{"a":1,"a":1}`,
		"a duplicate by escape":       `{"a":1,"\u0061":2}`,
		"a duplicate inside":          `{"o":{"a":1,"b":2,"a":3}}`,
		"a duplicate inside a list":   `{"o":[{"a":1,"a":3}]}`,
		"a duplicate after an object": `{"a":{"b":{}},"c":1,"a":2}`,
		"a duplicate among many":      `{` + numbered(40) + `,"m20":1}`,
		"a duplicate of the last":     `{` + numbered(40) + `,"m39":1}`,
		"one level too deep":          nested(strictjson.MaxDepth + 1),
		"a list one level too deep":   `{"a":` + strings.Repeat("[", strictjson.MaxDepth) + strings.Repeat("]", strictjson.MaxDepth) + `}`,
	} {
		_, err := strictjson.Parse([]byte(text))
		if _, ok := errors.AsType[*strictjson.SyntaxError](err); !ok {
			t.Errorf("%s: Parse returned %v, want a syntax error", name, err)
		}
	}
}

// numbered returns members m0 to m(n-1).
func numbered(n int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"m%d":%d`, i, i)
	}
	return strings.Join(members, ",")
}

func TestSyntaxError_OmitsContent(t *testing.T) {
	t.Parallel()
	for text, offset := range map[string]int{
		`{"secret":1,"secret":2}`:       12,
		`{"secret" 1}`:                  10,
		"{\"secret\":\"\uFFFD\xff\"}":   14,
		`{"secret":"\ud83d\u0041"}`:     11,
		`{"secret":1} "secret"`:         13,
		`{"secret":[1,{"a":"secret\q"}`: 25,
	} {
		_, err := strictjson.Parse([]byte(text))
		syntax, ok := errors.AsType[*strictjson.SyntaxError](err)
		if !ok {
			t.Errorf("Parse(%q) returned %v, want a syntax error", text, err)
			continue
		}
		if syntax.Offset != offset {
			t.Errorf("Parse(%q): offset %d, want %d", text, syntax.Offset, offset)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("Parse(%q): %v", text, err)
		}
	}
}

// In quadratic time, this many members would take many minutes.
func TestParse_LinearTime(t *testing.T) {
	t.Parallel()
	const members, deadline = 500_000, 2 * time.Minute
	text := []byte(`{` + numbered(members) + `}`)
	parsed := make(chan error, 1)
	go func() {
		_, err := strictjson.Parse(text)
		parsed <- err
	}()
	select {
	case err := <-parsed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(deadline):
		t.Errorf("%d members are not parsed in %s", members, deadline)
	}
}

func parse(t *testing.T, text string) strictjson.Object {
	t.Helper()
	object, err := strictjson.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func TestObject_LookupExactName(t *testing.T) {
	t.Parallel()
	object := parse(t, `{"sub":"a","Sub":"b","\u0073ub2":"c"}`)
	for name, want := range map[string]string{"sub": "a", "Sub": "b", "sub2": "c"} {
		v, ok := object.Lookup(name)
		if text, isString := v.String(); !ok || !isString || text != want {
			t.Errorf("Lookup(%q) = %q, %t", name, v, ok)
		}
	}
	if v, ok := object.Lookup("SUB"); ok {
		t.Errorf("Lookup(SUB) = %q", v)
	}
	if want := []string{"sub", "Sub", "sub2"}; !slices.Equal(object.Names(), want) {
		t.Errorf("Names() = %q, want %q", object.Names(), want)
	}
}

func TestParse_CopiesInput(t *testing.T) {
	t.Parallel()
	text := []byte(`{"a":"before"}`)
	object, err := strictjson.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	copy(text, bytes.ToUpper(text))
	v, _ := object.Lookup("a")
	if got, _ := v.String(); got != "before" {
		t.Errorf("the value changed to %q", got)
	}
}

func TestValue_Types(t *testing.T) {
	t.Parallel()
	object := parse(t, `{
		"string": "1", "integer": 1, "fraction": 1.5, "exponent": 1e0, "huge": 9223372036854775808,
		"true": true, "false": false, "null": null, "object": {"a": 1}, "list": [], "strings": ["a", "\u0062"], "mixed": ["a", 1]
	}`)
	types := map[string][]string{
		"string":   {"String"},
		"integer":  {"Number", "Int64"},
		"fraction": {"Number"},
		"exponent": {"Number", "Int64"},
		"huge":     {"Number"},
		"true":     {"Bool"},
		"false":    {"Bool"},
		"null":     {"IsNull"},
		"object":   {"Object"},
		"list":     {"Array", "Strings"},
		"strings":  {"Array", "Strings"},
		"mixed":    {"Array"},
		"missing":  nil,
	}
	for name, want := range types {
		v, _ := object.Lookup(name)
		methods := []struct {
			name string
			ok   bool
		}{
			{"String", second(v.String())},
			{"Number", second(v.Number())},
			{"Int64", second(v.Int64())},
			{"Bool", second(v.Bool())},
			{"IsNull", v.IsNull()},
			{"Object", second(v.Object())},
			{"Array", second(v.Array())},
			{"Strings", second(v.Strings())},
		}
		var got []string
		for _, m := range methods {
			if m.ok {
				got = append(got, m.name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the types %q, want %q", name, got, want)
		}
	}
}

func second[T any](_ T, ok bool) bool { return ok }

func TestObject_FilterAndWith(t *testing.T) {
	t.Parallel()
	object := parse(t, `{"a":1,"b":2}`)
	filtered := object.Filter(func(name string, value strictjson.Value) bool { return name != "a" && value == "2" })
	changed := object.With("a", "3").With("c", "4")
	for name, c := range map[string]struct {
		object strictjson.Object
		want   []string
	}{"object": {object, []string{"a", "b"}}, "filtered": {filtered, []string{"b"}}, "changed": {changed, []string{"a", "b", "c"}}} {
		if got := c.object.Names(); !slices.Equal(got, c.want) || c.object.Len() != len(c.want) {
			t.Errorf("%s: the members are %q, want %q", name, got, c.want)
		}
	}
	if v, _ := changed.Lookup("a"); v != "3" {
		t.Errorf("the changed member is %s", v)
	}
	if v, _ := object.Lookup("a"); v != "1" {
		t.Errorf("the object itself has changed: %s", v)
	}
}

func TestValue_Decodes(t *testing.T) {
	t.Parallel()
	object := parse(t, `{"i":-42,"b":true,"s":"\ud83d\ude00\n","l":["a","\u0062"],"o":{"x":{"y":"z"}}}`)

	i, _ := object.Lookup("i")
	if n, _ := i.Int64(); n != -42 {
		t.Errorf("i is %d", n)
	}
	if n, _ := i.Number(); n != json.Number("-42") {
		t.Errorf("i is %v", n)
	}
	b, _ := object.Lookup("b")
	if value, _ := b.Bool(); !value {
		t.Error("b is false")
	}
	s, _ := object.Lookup("s")
	if text, _ := s.String(); text != "😀\n" {
		t.Errorf("s is %q", text)
	}
	l, _ := object.Lookup("l")
	if list, _ := l.Strings(); !slices.Equal(list, []string{"a", "b"}) {
		t.Errorf("l is %q", list)
	}
	o, _ := object.Lookup("o")
	outer, _ := o.Object()
	x, _ := outer.Lookup("x")
	inner, _ := x.Object()
	y, _ := inner.Lookup("y")
	if text, _ := y.String(); text != "z" {
		t.Errorf("o.x.y is %q", text)
	}
}

func TestObject_CheckCase(t *testing.T) {
	t.Parallel()
	known := []string{"email", "ID", "task"}
	for _, text := range []string{`{}`, `{"email":1,"ID":2,"task":3,"Other":4}`, `{"emails":1}`} {
		if err := parse(t, text).CheckCase(known...); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		`{"Email":1}`,
		`{"email":1,"EMAIL":2}`,
		`{"id":1}`,
		`{"eMa\u0069l":1}`,
		`{"tas\u212a":1}`,       // the Kelvin sign
		"{\"ta\u017fk\":1}",     // the long s
		`{"other":1,"Task":{}}`, // not the first
	} {
		if err := parse(t, text).CheckCase(known...); err == nil {
			t.Errorf("%s: no error", text)
		}
		var into struct {
			Email, ID, Task any
		}
		if err := json.Unmarshal([]byte(text), &into); err != nil || into.Email == nil && into.ID == nil && into.Task == nil {
			t.Errorf("%s: encoding/json does not match it: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range valid {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"a":1,"\u0061":2}`))
	f.Add([]byte("{\"a\":\"\xff\"}"))
	f.Add([]byte(`{"a":"\ud83d"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		object, err := strictjson.Parse(text)
		if err != nil {
			return
		}
		if !utf8.Valid(text) {
			t.Fatal("invalid UTF-8 was accepted")
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var want map[string]any
		if err := decoder.Decode(&want); err != nil {
			t.Fatalf("encoding/json rejects what was accepted: %v", err)
		}
		if len(object.Names()) != len(want) {
			t.Fatalf("%d members, encoding/json finds %d", len(object.Names()), len(want))
		}
		for _, name := range object.Names() {
			v, ok := object.Lookup(name)
			if !ok {
				t.Fatalf("member %q is listed but not found", name)
			}
			compare(t, v, want[name])
		}
	})
}

// compare checks that both parsers return the same value.
func compare(t *testing.T, v strictjson.Value, want any) {
	t.Helper()
	var same bool
	switch want := want.(type) {
	case nil:
		same = v.IsNull()
	case string:
		got, ok := v.String()
		same = ok && got == want
	case bool:
		got, ok := v.Bool()
		same = ok && got == want
	case json.Number:
		got, ok := v.Number()
		same = ok && got == want
	case []any:
		got, ok := v.Array()
		if same = ok && len(got) == len(want); same {
			for i := range got {
				compare(t, got[i], want[i])
			}
		}
	case map[string]any:
		got, ok := v.Object()
		if same = ok && len(got.Names()) == len(want); same {
			for _, name := range got.Names() {
				member, _ := got.Lookup(name)
				compare(t, member, want[name])
			}
		}
	}
	if !same {
		t.Fatalf("%q was parsed differently from %v", v, want)
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(`{"client_user_id":"d1a5","authentication_method":"OTP","type":"client_access_token","scope":"access",` +
		`"aud":"6f0a5a3e-0c52-4f52-9a3e-7d8f0a1b2c3d","exp":1795348800,"jti":"f4f2","iat":1795345200,"iss":"https://www.cotter.app","sub":"d1a5"}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := strictjson.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
