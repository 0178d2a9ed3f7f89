package strictjson

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Number returns a JSON number as sent.
func (v Value) Number() (json.Number, bool) {
	if v == "" || v[0] != '-' && !isDigit(v[0]) {
		return "", false
	}
	return json.Number(v), true
}

// Int64 returns a JSON number that is an integer and fits, in any notation: 10,
// 10.0 and 1e1 are the same number (RFC 8259, section 6).
func (v Value) Int64() (int64, bool) {
	n, exact, ok := v.Floor()
	return n, ok && exact
}

// Floor returns the greatest integer that is not above a JSON number, and
// whether they are equal. ok is false if v is not a number, or the integer does
// not fit. The exponent costs nothing, however large it is.
func (v Value) Floor() (n int64, exact, ok bool) {
	number, ok := v.Number()
	if !ok {
		return 0, false, false
	}
	text := number.String()
	if !strings.ContainsAny(text, ".eE") {
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil, err == nil
	}
	text, negative := strings.CutPrefix(text, "-")
	n, exact, ok = floorOf(text)
	if negative {
		n = -n
		if !exact {
			n--
		}
	}
	return n, exact, ok
}

// floorOf returns the whole part of a number without sign, and whether there is
// no other part.
func floorOf(text string) (n int64, exact, ok bool) {
	digits, point := splitNumber(text)
	exact = true
	for i, c := range []byte(digits) {
		if i >= point {
			exact = exact && c == '0'
			continue
		}
		if n, ok = appendDigit(n, c); !ok {
			return 0, false, false
		}
	}
	for range point - len(digits) {
		if n == 0 {
			break
		}
		if n, ok = appendDigit(n, '0'); !ok {
			return 0, false, false
		}
	}
	return n, exact, true
}

// splitNumber returns the digits of a number, and how many of them are before
// the decimal point: possibly more than there are, or a negative number.
func splitNumber(text string) (digits string, point int) {
	const maxShift = 1 << 30 // beyond the length of any document
	shift := 0
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		shift, _ = strconv.Atoi(text[at+1:]) // out of range: the limit of int
		shift = min(max(shift, -maxShift), maxShift)
		text = text[:at]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	return whole + fraction, len(whole) + shift
}

// appendDigit returns ten times n plus the digit, if that fits.
func appendDigit(n int64, digit byte) (int64, bool) {
	d := int64(digit - '0')
	if n > (math.MaxInt64-d)/10 {
		return 0, false
	}
	return n*10 + d, true
}
