package emulator

import (
	"io"
	"net/http"
	"net/url"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

const maxBody = 64 << 10 // bytes

func readBody(r web.Request) ([]byte, error) {
	tooLarge := newAPIError(http.StatusRequestEntityTooLarge, "the body is too large")
	if r.ContentLength > maxBody {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, badRequest("the body cannot be read")
	case len(body) > maxBody:
		return nil, tooLarge
	}
	return body, nil
}

// readObject reads a body that must be one JSON object.
func readObject(r web.Request) (strictjson.Object, error) {
	body, err := readBody(r)
	if err != nil {
		return strictjson.Object{}, err
	}
	object, err := strictjson.Parse(body)
	if err != nil {
		return strictjson.Object{}, badRequest("the body must be a JSON object")
	}
	return object, nil
}

// stringIn returns the value of a member, or "" if it is missing or not a string.
func stringIn(o strictjson.Object, name string) string {
	value, ok := o.Lookup(name)
	if !ok {
		return ""
	}
	text, _ := value.String()
	return text
}

func readForm(r web.Request) (url.Values, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badRequest("The form is malformed.")
	}
	return form, nil
}
