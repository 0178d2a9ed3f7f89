package faultdriver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Op is the type of an [Event].
type Op string

// The operations. Preparing is one, since it is a message to the server; with
// some drivers every statement with arguments is prepared first.
const (
	Begin    Op = "BEGIN"
	Prepare  Op = "PREPARE"
	Exec     Op = "EXEC"
	Query    Op = "QUERY"
	Commit   Op = "COMMIT"
	Rollback Op = "ROLLBACK"
)

// Event is a message to the database server.
type Event struct {
	Op   Op
	SQL  string              // empty for Begin, Commit and Rollback
	Args []driver.NamedValue // of Exec and Query, as the driver receives them

	HasDeadline bool          // of its context
	Remaining   time.Duration // until the deadline
}

// String returns the operation, or the first word of a statement: "BEGIN",
// "SELECT", "PREPARE UPDATE".
func (e Event) String() string {
	word, _, _ := strings.Cut(strings.TrimSpace(e.SQL), " ")
	switch e.Op {
	case Exec, Query:
		return word
	case Prepare:
		return string(Prepare) + " " + word
	default:
		return string(e.Op)
	}
}

// Values returns the values of Args, to execute a statement again.
func (e Event) Values() []any {
	values := make([]any, len(e.Args))
	for i, arg := range e.Args {
		values[i] = arg.Value
	}
	return values
}

// Fault is the failure of an event.
type Fault int

// The faults. FailBefore and FailAfter keep the connection; if they are the
// fault of a commit or rollback, the transaction is rolled back, as drivers
// promise. All others close the connection.
const (
	None         Fault = iota
	FailBefore         // the event does not happen, and an error is returned
	FailAfter          // the event happens, and an error is returned
	Cut                // nothing is sent; database/sql may retry on another connection
	LoseRequest        // the event does not happen, and the client does not know
	LoseResponse       // the event happens, and the client does not know
	LoseRows           // the query happens, and its rows are lost
	HangBefore         // the event does not happen, and the call returns when its context ends
	HangAfter          // the event happens, and the call returns when its context ends
)

// happens reports whether an event with the fault happens.
func (f Fault) happens() bool {
	return f == FailAfter || f == LoseResponse || f == LoseRows || f == HangAfter
}

// Faults contains all faults except [None], by name.
var Faults = map[string]Fault{
	"FailBefore": FailBefore, "FailAfter": FailAfter,
	"Cut": Cut, "LoseRequest": LoseRequest, "LoseResponse": LoseResponse, "LoseRows": LoseRows,
	"HangBefore": HangBefore, "HangAfter": HangAfter,
}

// The errors of events with faults.
var (
	ErrFailed = errors.New("faultdriver: failed")
	ErrLost   = errors.New("faultdriver: the connection was lost")

	errRowsLost = fmt.Errorf("%w before the rows", ErrLost)
)

// Script specifies the fault of the events under one context. The zero value
// only records them.
type Script struct {
	At     int  // the number of the event with the fault, from 1
	Onward bool // all later events have the fault too
	Fault  Fault

	// OnHang is called when an event hangs, and may end its context. Default:
	// nil.
	OnHang func()

	mu     sync.Mutex
	events []Event
}

type scriptKey struct{}

// In returns a context that applies the script.
func (s *Script) In(ctx context.Context) context.Context {
	return context.WithValue(ctx, scriptKey{}, s)
}

// Events returns the events so far.
func (s *Script) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// Executed returns the events so far except [Prepare].
func (s *Script) Executed() []Event {
	return slices.DeleteFunc(s.Events(), func(e Event) bool { return e.Op == Prepare })
}

// next records an event and returns its fault.
func next(ctx context.Context, e Event) Fault {
	s, scripted := ctx.Value(scriptKey{}).(*Script)
	if !scripted {
		return None
	}
	deadline, ok := ctx.Deadline()
	if ok {
		e.Remaining, e.HasDeadline = time.Until(deadline), true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	if n := len(s.events); n == s.At || s.Onward && n > s.At {
		return s.Fault
	}
	return None
}

// hang waits until the context ends.
func hang(ctx context.Context) error {
	if s, scripted := ctx.Value(scriptKey{}).(*Script); scripted && s.OnHang != nil {
		s.OnHang()
	}
	<-ctx.Done()
	return ctx.Err()
}
