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

// Caller answers who calls. What is not known is null; for a stranger, whose
// principal is the zero value, that is everything.
func Caller(p core.Principal) core.Response {
	body := callerBody{
		Provider:   textOrNull(p.Provider),
		Subject:    textOrNull(p.Subject),
		AuthMethod: textOrNull(p.AuthMethod),
		SessionID:  textOrNull(p.SessionID),
	}
	if p.UserID != uuid.Nil {
		body.UserID = textOrNull(p.UserID.String())
	}
	return web.JSON(http.StatusOK, body)
}

// maxNote is how many bytes the body of a note may have.
const maxNote = 64 << 10

type noteBody struct {
	Note *string `json:"note"`
}

// Note answers the note that a body holds, as if it had been written down.
func (a *App) Note(body io.Reader) core.Response {
	note, err := ReadNote(body)
	if err != nil {
		return a.Kit.Adapter().Render(err)
	}
	return web.JSON(http.StatusCreated, noteBody{&note})
}

// ReadNote reads {"note": "…"}.
//
// Errors by code: InvalidRequest, PayloadTooLarge.
func ReadNote(body io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxNote+1))
	if err != nil {
		return "", autherr.Wrap(autherr.InvalidRequest, "unreadable_body", err)
	}
	if len(text) > maxNote {
		return "", autherr.New(autherr.PayloadTooLarge, "body_too_large")
	}
	var read noteBody
	if err := json.Unmarshal(text, &read); err != nil || read.Note == nil {
		return "", autherr.New(autherr.InvalidRequest, "malformed_note")
	}
	return *read.Note, nil
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
