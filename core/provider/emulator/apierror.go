package emulator

import (
	"errors"
	"net/http"

	"github.com/cotterpin/cotterpin/core/web"
)

// apiError is an error in Cotter's form: {"msg": "…", "type": ""}.
type apiError struct {
	status int

	Msg  string `json:"msg"`
	Type string `json:"type"`
}

func newAPIError(status int, msg string) *apiError { return &apiError{status: status, Msg: msg} }

func badRequest(msg string) *apiError { return newAPIError(http.StatusBadRequest, msg) }

func (e *apiError) Error() string { return e.Msg }

func (e *apiError) response() web.Response { return web.JSON(e.status, e) }

// errorResponse returns the response for an error. One that is not an *apiError is
// logged and hidden from the client.
func (e *Emulator) errorResponse(err error) web.Response {
	if known, ok := errors.AsType[*apiError](err); ok {
		return known.response()
	}
	e.options.Log.Error("the Cotter emulator failed", "error", err)
	return newAPIError(http.StatusInternalServerError, "the emulator failed").response()
}
