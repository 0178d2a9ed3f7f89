package web

import (
	"encoding/json"
	"net/http"
)

// JSON returns a response whose body is value as JSON. It panics if value
// cannot be written as JSON: a mistake in the program, not in its input.
func JSON(status int, value any) Response {
	body, err := json.Marshal(value)
	if err != nil {
		panic("web: " + err.Error())
	}
	return Response{
		Status: status,
		Header: append([]Field{{"Content-Type", "application/json"}}, privateFields...),
		Body:   body,
	}
}

// NoContent returns the response 204.
func NoContent() Response {
	return Response{Status: http.StatusNoContent, Header: privateFields}
}

// privateFields stand in every answer about somebody: it is for nobody else's
// cache, not to be taken for another type, and its address is not passed on.
var privateFields = []Field{
	{"Cache-Control", "no-store"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
}
