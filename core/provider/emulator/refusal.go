package emulator

import (
	"errors"
	"io"
	"net/http"

	"github.com/cotterpin/cotterpin/core/internal/strictjson"
	"github.com/cotterpin/cotterpin/core/web"
)

// refusal is an error in Cotter's shape: {"msg": "…", "type": ""}.
type refusal struct {
	status int

	Msg  string `json:"msg"`
	Type string `json:"type"`
}

func refuse(status int, msg string) *refusal { return &refusal{status: status, Msg: msg} }

func badRequest(msg string) *refusal { return refuse(http.StatusBadRequest, msg) }

func (r *refusal) Error() string { return r.Msg }

func (r *refusal) response() web.Response { return web.JSON(r.status, r) }

// failure answers an error.
func (e *Emulator) failure(err error) web.Response {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.response()
	}
	e.options.Log.Error("the Cotter emulator failed", "error", err)
	return refuse(http.StatusInternalServerError, "the emulator failed").response()
}

// maxBody is how many bytes of a body are taken.
const maxBody = 64 << 10

func readBody(r web.Request) ([]byte, error) {
	tooLarge := refuse(http.StatusRequestEntityTooLarge, "the body is too large")
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

// stringIn returns a member that is a string, "" for anything else.
func stringIn(o strictjson.Object, name string) string {
	value, ok := o.Lookup(name)
	if !ok {
		return ""
	}
	text, _ := value.String()
	return text
}
