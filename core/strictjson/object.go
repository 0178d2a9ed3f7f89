package strictjson

// Object is a parsed JSON object. Its values are views of the input, which
// must not be changed while the object is in use.
type Object struct {
	members []member
}

type member struct {
	name  string
	value Value
}

// Value is the text of one JSON value, already checked.
type Value []byte

// Parse reads a text that is one JSON object.
func Parse(text []byte) (Object, error) { panic("to be written") }

// Lookup returns the member with exactly that name.
func (o Object) Lookup(name string) (Value, bool) { panic("to be written") }

// Names returns the names of the members in the order of the text.
func (o Object) Names() []string { panic("to be written") }

// String returns the text of a JSON string, decoded.
func (v Value) String() (string, bool) { panic("to be written") }

// Int64 returns a JSON number that is written as an integer (no fraction, no
// exponent) and fits.
func (v Value) Int64() (int64, bool) { panic("to be written") }

// Bool returns a JSON true or false.
func (v Value) Bool() (value, ok bool) { panic("to be written") }

// IsNull reports whether the value is null.
func (v Value) IsNull() bool { panic("to be written") }

// Object returns a JSON object.
func (v Value) Object() (Object, bool) { panic("to be written") }

// Strings returns a JSON array whose elements are all strings.
func (v Value) Strings() ([]string, bool) { panic("to be written") }
