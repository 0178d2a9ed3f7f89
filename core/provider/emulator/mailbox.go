package emulator

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/cotterpin/cotterpin/core/web"
)

// message is a message that Cotter would have sent to the user.
type message struct {
	To      string `json:"to"`
	Channel string `json:"channel"` // EMAIL or SMS
	Code    string `json:"code"`
	Link    string `json:"link"` // the page that accepts the code, or the magic link
	SentAt  string `json:"sent_at"`
}

const (
	maxMessages  = 100
	milliseconds = "2006-01-02T15:04:05.000Z07:00"
)

// mailbox holds the most recent messages, oldest first. The zero value is empty.
type mailbox struct {
	mu       sync.Mutex
	messages []message
}

func (m *mailbox) deliver(delivered message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = append(m.messages, delivered)
	if len(m.messages) > maxMessages {
		m.messages = slices.Delete(m.messages, 0, 1)
	}
}

func (m *mailbox) list() []message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]message{}, m.messages...)
}

func (e *Emulator) getMailbox(context.Context, web.Request) (web.Response, error) {
	return web.JSON(http.StatusOK, map[string][]message{"messages": e.mailbox.list()}), nil
}
