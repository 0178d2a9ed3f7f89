package faultdriver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is what an [Event] is.
type Kind string

// The kinds. Preparing is one, since it is a message to the server; with some
// drivers every statement that has arguments is prepared first.
const (
	Begin    Kind = "BEGIN"
	Prepare  Kind = "PREPARE"
	Exec     Kind = "EXEC"
	Query    Kind = "QUERY"
	Commit   Kind = "COMMIT"
	Rollback Kind = "ROLLBACK"
)

// Event is something that was asked of the database.
type Event struct {
	Kind Kind
	Text string        // of the statement; "" where the kind says all
	Left time.Duration // until the deadline of its context
	Ends bool          // whether there is a deadline
}

// String returns the kind, or the first word of a statement: "BEGIN", "SELECT",
// "PREPARE UPDATE".
func (e Event) String() string {
	word, _, _ := strings.Cut(strings.TrimSpace(e.Text), " ")
	switch e.Kind {
	case Exec, Query:
		return word
	case Prepare:
		return string(Prepare) + " " + word
	default:
		return string(e.Kind)
	}
}

// Fault is what becomes of an event.
type Fault int

// The faults. After Refuse and Contradict the connection lives on; a transaction
// whose end is refused is undone, as drivers promise. After all others the
// connection has ended too.
const (
	None        Fault = iota
	Refuse            // it does not happen, and is said to have failed
	Contradict        // it happens, and is said to have failed
	Cut               // nothing is sent; database/sql may ask again on another connection
	LoseRequest       // it does not happen, of which nobody knows
	LoseAnswer        // it happens, of which nobody knows
	LoseRows          // it happens, and the rows are lost; a query's alone
	HangBefore        // it does not happen, until its context ends
	HangAfter         // it happens, but the answer does not come until its context ends
)

// after reports whether the event happens.
func (f Fault) after() bool {
	return f == Contradict || f == LoseAnswer || f == LoseRows || f == HangAfter
}

// Faults are all but [None], by name.
var Faults = map[string]Fault{
	"Refuse": Refuse, "Contradict": Contradict,
	"Cut": Cut, "LoseRequest": LoseRequest, "LoseAnswer": LoseAnswer, "LoseRows": LoseRows,
	"HangBefore": HangBefore, "HangAfter": HangAfter,
}

// The errors of a database that has faults.
var (
	ErrRefused = errors.New("faultdriver: refused")
	ErrLost    = errors.New("faultdriver: the connection was lost")

	errRowsLost = fmt.Errorf("%w before the rows", ErrLost)
)

// Script is what becomes of the events under one context. The zero value only
// records them.
type Script struct {
	At    int  // the number of the event that the fault is for, from 1 on
	Every bool // every event from there on, not one alone
	Fault Fault

	// OnHang is called when an event hangs, and may end its context. Default:
	// nothing; the context ends by itself.
	OnHang func()

	mu     sync.Mutex
	events []Event
}

type scriptKey struct{}

// In returns a context under which the script is played.
func (s *Script) In(ctx context.Context) context.Context {
	return context.WithValue(ctx, scriptKey{}, s)
}

// Events returns what was asked until now.
func (s *Script) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// next records an event and returns what becomes of it.
func next(ctx context.Context, e Event) Fault {
	s, scripted := ctx.Value(scriptKey{}).(*Script)
	if !scripted {
		return None
	}
	deadline, ends := ctx.Deadline()
	if ends {
		e.Left, e.Ends = time.Until(deadline), true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	if n := len(s.events); n == s.At || s.Every && n > s.At {
		return s.Fault
	}
	return None
}

// hang waits for the end of the context.
func hang(ctx context.Context) error {
	if s, scripted := ctx.Value(scriptKey{}).(*Script); scripted && s.OnHang != nil {
		s.OnHang()
	}
	<-ctx.Done()
	return ctx.Err()
}
