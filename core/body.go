package core

import (
	"encoding/json"
	"io"
	"mime"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

// maxBody is the most bytes of a body that are read.
const maxBody = 64 << 10

// members reads the members of a JSON object in a body. It keeps the first
// problem, so that a handler reads everything it needs and checks once.
type members struct {
	object  strictjson.Object
	problem *error // shared with the objects inside
}

// readMembers reads a body that is one JSON object. It rejects in this order:
// 415, 413, 400. A known member in another letter case, at any depth, is
// rejected, because other JSON readers would accept it.
func readMembers(r web.Request, known ...string) (members, error) {
	if err := checkMediaType(r); err != nil {
		return members{}, err
	}
	raw, err := readBody(r)
	if err != nil {
		return members{}, err
	}
	return parseMembers(raw, known)
}

// readOptionalMembers reads a body that is one JSON object, or absent. It rejects as
// readMembers.
func readOptionalMembers(r web.Request, known ...string) (m members, isEmpty bool, err error) {
	raw, err := readOptionalBody(r)
	if err != nil || len(raw) == 0 {
		return members{problem: new(error)}, true, err
	}
	m, err = parseMembers(raw, known)
	return m, false, err
}

func parseMembers(raw []byte, known []string) (members, error) {
	object, err := strictjson.Parse(raw)
	if err != nil {
		return members{}, autherr.Wrap(autherr.InvalidRequest, "malformed_json", err)
	}
	return members{object: object, problem: new(error)}, checkNames(object, known)
}

// err returns the first problem of the members read so far.
func (m members) err() error { return *m.problem }

func (m members) fail(reason string) {
	if *m.problem == nil {
		*m.problem = autherr.New(autherr.InvalidRequest, reason)
	}
}

// lookup returns a member; false if it is absent or null.
func (m members) lookup(name string) (strictjson.Value, bool) {
	value, ok := m.object.Lookup(name)
	return value, ok && !value.IsNull()
}

// optional returns a member that must be a string, nil if it is absent.
func (m members) optional(name string) *string {
	value, ok := m.lookup(name)
	if !ok {
		return nil
	}
	s, ok := value.String()
	if !ok {
		m.fail("member_not_a_string")
		return nil
	}
	return &s
}

// text returns a member that must be a string, "" if it is absent.
func (m members) text(name string) string {
	if s := m.optional(name); s != nil {
		return *s
	}
	return ""
}

// name returns a member that must be a string and not empty, "" if it is
// absent.
func (m members) name(name string) string {
	s := m.optional(name)
	switch {
	case s == nil:
		return ""
	case *s == "":
		m.fail("member_empty")
	}
	return *s
}

// flag returns a member that must be a boolean, false if it is absent.
func (m members) flag(name string) bool {
	value, ok := m.lookup(name)
	if !ok {
		return false
	}
	set, ok := value.Bool()
	if !ok {
		m.fail("member_not_a_boolean")
	}
	return set
}

// inner returns a member that must be an object, an empty one if it is absent.
func (m members) inner(name string) members {
	value, ok := m.lookup(name)
	if !ok {
		return members{problem: m.problem}
	}
	object, ok := value.Object()
	if !ok {
		m.fail("member_not_an_object")
	}
	return members{object: object, problem: m.problem}
}

// rawObject returns a member that must be an object of at most limit bytes, as it was
// sent; nil if it is absent.
func (m members) rawObject(name string, limit int) json.RawMessage {
	m.inner(name)
	value, ok := m.lookup(name)
	switch {
	case !ok:
		return nil
	case len(value) > limit:
		m.fail("member_too_large")
	}
	return json.RawMessage(value)
}

// checkMediaType accepts application/json in UTF-8 without a content coding.
func checkMediaType(r web.Request) error {
	if !hasMediaType(r, "application/json") {
		return autherr.New(autherr.UnsupportedMediaType, "not_plain_json")
	}
	return nil
}

// hasMediaType reports whether a body has that media type, in UTF-8 without a content
// coding.
func hasMediaType(r web.Request, want string) bool {
	lines := r.Header.Values("Content-Type")
	if len(lines) != 1 || len(r.Header.Values("Content-Encoding")) > 0 {
		return false
	}
	mediaType, parameters, err := mime.ParseMediaType(lines[0])
	if err != nil || mediaType != want {
		return false
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}

func readBody(r web.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, tooLarge()
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, autherr.Wrap(autherr.InvalidRequest, "unreadable_body", err)
	case len(text) > maxBody:
		return nil, tooLarge()
	}
	return text, nil
}

func tooLarge() error { return autherr.New(autherr.PayloadTooLarge, "body_too_large") }

// checkUnusedBody checks the body of a request to a route that needs none. It
// accepts an absent body, and otherwise applies the rules of readMembers that
// come before parsing.
func checkUnusedBody(r web.Request) error {
	_, err := readOptionalBody(r)
	return err
}

// readOptionalBody returns an empty body if there is none. Otherwise it must be
// JSON by its media type.
func readOptionalBody(r web.Request) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	text, err := readBody(r)
	if err == nil && len(text) == 0 {
		return nil, nil
	}
	if wrong := checkMediaType(r); wrong != nil {
		return nil, wrong
	}
	return text, err
}

// checkNames rejects a known member in another letter case, at any depth.
func checkNames(o strictjson.Object, known []string) error {
	if err := o.CheckCase(known...); err != nil {
		return autherr.Wrap(autherr.InvalidRequest, "member_letter_case", err)
	}
	for _, name := range o.Names() {
		value, _ := o.Lookup(name)
		if err := checkNamesIn(value, known); err != nil {
			return err
		}
	}
	return nil
}

func checkNamesIn(value strictjson.Value, known []string) error {
	if inner, ok := value.Object(); ok {
		return checkNames(inner, known)
	}
	elements, _ := value.Array()
	for _, element := range elements {
		if err := checkNamesIn(element, known); err != nil {
			return err
		}
	}
	return nil
}
