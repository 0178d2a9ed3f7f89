package demo

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/google/uuid"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/autherr"
	"github.com/cotterpin/cotterpin/core/web"
)

type callerBody struct {
	UserID     *string `json:"user_id"`
	Provider   *string `json:"provider"`
	Subject    *string `json:"subject"`
	AuthMethod *string `json:"auth_method"`
	SessionID  *string `json:"session_id"`
}

// Caller returns the caller as JSON. Empty fields are null: all of them for an
// unauthenticated caller, whose principal is the zero value.
func Caller(p core.Principal) core.Response {
	body := callerBody{
		Provider:   stringOrNull(p.Provider),
		Subject:    stringOrNull(p.Subject),
		AuthMethod: stringOrNull(p.AuthMethod),
		SessionID:  stringOrNull(p.SessionID),
	}
	if p.UserID != uuid.Nil {
		body.UserID = stringOrNull(p.UserID.String())
	}
	return web.JSON(http.StatusOK, body)
}

func stringOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

const maxNoteBody = 64 << 10 // bytes

type noteBody struct {
	Note *string `json:"note"`
}

// Note returns the response to a note, as if it had been stored.
func Note(body io.Reader) (core.Response, error) {
	note, err := ReadNote(body)
	if err != nil {
		return core.Response{}, err
	}
	return web.JSON(http.StatusCreated, noteBody{&note}), nil
}

// ReadNote reads {"note": "…"}.
//
// Errors by code: InvalidRequest, PayloadTooLarge.
func ReadNote(body io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxNoteBody+1))
	if err != nil {
		return "", autherr.Wrap(autherr.InvalidRequest, "unreadable_body", err)
	}
	if len(text) > maxNoteBody {
		return "", autherr.New(autherr.PayloadTooLarge, "body_too_large")
	}
	var read noteBody
	if err := json.Unmarshal(text, &read); err != nil || read.Note == nil {
		return "", autherr.New(autherr.InvalidRequest, "malformed_note")
	}
	return *read.Note, nil
}
