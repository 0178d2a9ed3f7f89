package core

import (
	"io"
	"mime"
	"strings"

	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

// maxBody is how many bytes of a body are read.
const maxBody = 64 << 10

// readObject reads a body that is one JSON object, refusing in this order: 415,
// 413, 400. None of the known members stands in it in another letter case.
func readObject(r web.Request, known ...string) (strictjson.Object, error) {
	if err := checkMediaType(r); err != nil {
		return strictjson.Object{}, err
	}
	raw, err := readBody(r)
	if err != nil {
		return strictjson.Object{}, err
	}
	body, err := strictjson.Parse(raw)
	if err != nil {
		return strictjson.Object{}, autherr.Wrap(autherr.InvalidRequest, "malformed_json", err)
	}
	return body, checkNames(body, known)
}

// checkMediaType takes application/json in UTF-8 and without a content coding.
func checkMediaType(r web.Request) error {
	refusal := autherr.New(autherr.UnsupportedMediaType, "not_plain_json")
	lines := r.Header.Values("Content-Type")
	if len(lines) != 1 || len(r.Header.Values("Content-Encoding")) > 0 {
		return refusal
	}
	mediaType, parameters, err := mime.ParseMediaType(lines[0])
	if err != nil || mediaType != "application/json" {
		return refusal
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return refusal
		}
	}
	return nil
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

// checkUnusedBody applies the rules for bodies to a route that needs none: an
// absent one is fine, another must be such that it could have been read.
func checkUnusedBody(r web.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	text, err := readBody(r)
	if err == nil && len(text) == 0 {
		return nil
	}
	if wrong := checkMediaType(r); wrong != nil {
		return wrong
	}
	return err
}

// optionalText returns a member that must be a string, nil if it is absent or
// null.
func optionalText(o strictjson.Object, name string) (*string, error) {
	value, ok := o.Lookup(name)
	if !ok || value.IsNull() {
		return nil, nil
	}
	s, ok := value.String()
	if !ok {
		return nil, autherr.New(autherr.InvalidRequest, "member_not_a_string")
	}
	return &s, nil
}

// name returns a member that must be a string and not empty, "" if it is absent
// or null.
func name(o strictjson.Object, member string) (string, error) {
	s, err := optionalText(o, member)
	switch {
	case s == nil:
		return "", err
	case *s == "":
		return "", autherr.New(autherr.InvalidRequest, "member_empty")
	}
	return *s, nil
}

// text returns a member that must be a string, "" if it is absent or null.
func text(o strictjson.Object, name string) (string, error) {
	s, err := optionalText(o, name)
	if s == nil {
		return "", err
	}
	return *s, nil
}

// flag returns a member that must be a boolean, false if it is absent or null.
func flag(o strictjson.Object, name string) (bool, error) {
	value, ok := o.Lookup(name)
	if !ok || value.IsNull() {
		return false, nil
	}
	set, ok := value.Bool()
	if !ok {
		return false, autherr.New(autherr.InvalidRequest, "member_not_a_boolean")
	}
	return set, nil
}

// object returns a member that must be an object. Absent and null are empty.
func object(o strictjson.Object, name string) (strictjson.Object, error) {
	value, ok := o.Lookup(name)
	if !ok || value.IsNull() {
		return strictjson.Object{}, nil
	}
	inner, ok := value.Object()
	if !ok {
		return strictjson.Object{}, autherr.New(autherr.InvalidRequest, "member_not_an_object")
	}
	return inner, nil
}

// checkNames refuses a known member in another letter case, at any depth.
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
