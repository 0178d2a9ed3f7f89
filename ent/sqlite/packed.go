package sqlite

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// packed reads the columns of a row of selectPacked one after the other. After
// an error it returns zero values; end returns the error.
type packed struct {
	rest string
	err  error
}

var errCorrupt = errors.New("corrupt row")

// fail keeps the first error.
func (p *packed) fail(column string, err error) {
	if p.err == nil {
		p.err = fmt.Errorf("%s: %w", column, err)
	}
	p.rest = ""
}

// number returns an integer, and whether it is not NULL.
func (p *packed) number(column string) (n int64, ok bool) { return p.digits(column, ";") }

func (p *packed) digits(column, end string) (n int64, ok bool) {
	digits, rest, found := strings.Cut(p.rest, end)
	if !found {
		p.fail(column, errCorrupt)
		return 0, false
	}
	p.rest = rest
	if digits == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		p.fail(column, errCorrupt)
		return 0, false
	}
	return n, true
}

// time returns a time in milliseconds; the zero time for NULL.
func (p *packed) time(column string) time.Time {
	ms, ok := p.number(column)
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// bytes returns a string, and whether it is not NULL.
func (p *packed) bytes(column string) (value string, ok bool) {
	length, ok := p.digits(column, ":")
	if !ok {
		return "", false
	}
	if length < 0 || length > int64(len(p.rest)) {
		p.fail(column, errCorrupt)
		return "", false
	}
	value, p.rest = p.rest[:length], p.rest[length:]
	return value, true
}

// text returns a string; "" for NULL.
func (p *packed) text(column string) string {
	value, _ := p.bytes(column)
	return value
}

// hash copies a hash to dst, unless it is NULL.
func (p *packed) hash(column string, dst *[32]byte) {
	value, ok := p.bytes(column)
	switch {
	case !ok:
	case len(value) != len(dst):
		p.fail(column, errCorrupt)
	default:
		copy(dst[:], value)
	}
}

// decode passes a string to a decoder, unless it is NULL.
func (p *packed) decode(column string, decoder func([]byte) error) {
	if value, ok := p.bytes(column); ok {
		if err := decoder([]byte(value)); err != nil {
			p.fail(column, err)
		}
	}
}

// end returns the first error. All columns must have been read.
func (p *packed) end() error {
	if p.err == nil && p.rest != "" {
		p.fail("the row", errCorrupt)
	}
	return p.err
}
