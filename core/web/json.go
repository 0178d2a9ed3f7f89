package web

import (
	"encoding/json"
	"net/http"
)

// JSON returns a response whose body is value as JSON. It panics if value cannot
// be encoded, which is a bug of the program.
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

// privateFields protect every response with user data: it is not cached, its
// type is not guessed, and its URL is not sent to other sites.
var privateFields = []Field{
	{"Cache-Control", "no-store"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
}
