package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cotterpin/cotterpin/core/web"
)

const (
	// FlowLifetime is how long a user has for a sign-in by redirects.
	FlowLifetime = 10 * time.Minute

	maxFlows = 5 // of one browser
)

// Flow is a sign-in by redirects that a browser has begun.
type Flow struct {
	Provider    string    `json:"provider"` // name of the block
	Issuer      string    `json:"issuer"`
	Nonce       string    `json:"nonce"`
	Verifier    string    `json:"verifier"`
	ReturnTo    string    `json:"return_to"`
	NamesIssuer bool      `json:"names_issuer,omitempty"` // the provider announces the parameter iss
	ExpiresAt   time.Time `json:"expires_at"`
}

// FlowCookies keeps flows in the browser, one cookie each, so that tabs do not disturb
// each other, and any node can complete a flow. The name of a cookie is derived from
// the state of its flow.
//
// The cookie is what binds the state to the browser (RFC 9700, section 2.1). Its value is
// not signed: an attacker who can plant a cookie could begin a flow and plant a signed
// one as well. The prefix __Host- keeps other hosts from planting one (RFC 6265bis,
// section 4.1.3.2). It is missing over http, which only development mode allows.
type FlowCookies struct {
	secure bool
	now    func() time.Time
}

// NewFlowCookies returns the cookies of an application at baseURL.
func NewFlowCookies(baseURL string, now func() time.Time) FlowCookies {
	return FlowCookies{strings.HasPrefix(baseURL, "https://"), now}
}

// Begin returns the Set-Cookie lines that add a flow with that state, and clear the
// oldest ones if the browser has too many. It returns false if the flow is too large
// for a cookie.
func (c FlowCookies) Begin(r web.Request, state string, f Flow) (lines []string, ok bool) {
	cookie := c.cookie(c.name(state))
	value := encodeFlow(f)
	if !cookie.Fits(value) {
		return nil, false
	}
	lines = []string{cookie.Set(value, FlowLifetime)}
	begun := c.begun(r)
	for _, oldest := range begun[:max(0, len(begun)-maxFlows+1)] {
		lines = append(lines, c.cookie(oldest.name).Clear())
	}
	return lines, true
}

// Find returns the flow with that state; false if the browser has none that can be
// completed, or two.
func (c FlowCookies) Find(r web.Request, state string) (f Flow, ok bool) {
	count := 0
	for value := range c.cookie(c.name(state)).Values(r) {
		f, ok = c.decode(value)
		count++
	}
	return f, ok && count == 1
}

// Clear returns the Set-Cookie line that ends a flow.
func (c FlowCookies) Clear(state string) string { return c.cookie(c.name(state)).Clear() }

// begunFlow is a cookie of a request that has the name of a flow's.
type begunFlow struct {
	name      string
	expiresAt time.Time // zero if the flow cannot be completed
}

// begun returns the request's flows, the oldest first.
func (c FlowCookies) begun(r web.Request) []begunFlow {
	var all []begunFlow
	for name, value := range cookies(r) {
		if strings.HasPrefix(name, c.prefix()) {
			f, _ := c.decode(value)
			all = append(all, begunFlow{name, f.ExpiresAt})
		}
	}
	slices.SortStableFunc(all, func(a, b begunFlow) int { return a.expiresAt.Compare(b.expiresAt) })
	return all
}

func (c FlowCookies) cookie(name string) Cookie {
	return Cookie{Name: name, Secure: c.secure, SameSite: http.SameSiteLaxMode}
}

// prefix is specific to the kit over http, because all ports of localhost share their
// cookies.
func (c FlowCookies) prefix() string {
	if c.secure {
		return "__Host-login_"
	}
	return "cotterpin_login_"
}

func (c FlowCookies) name(state string) string {
	sum := sha256.Sum256([]byte(state))
	return c.prefix() + base64.RawURLEncoding.EncodeToString(sum[:16])
}

func encodeFlow(f Flow) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // a return URL has many "&"
	if err := encoder.Encode(f); err != nil {
		panic("httpapi: " + err.Error()) // a time out of range
	}
	return base64.RawURLEncoding.EncodeToString(bytes.TrimSpace(text.Bytes()))
}

// decode returns the flow in the value of a cookie; false if it is none, or expired.
func (c FlowCookies) decode(value string) (Flow, bool) {
	text, err := base64.RawURLEncoding.DecodeString(value)
	var f Flow
	if err != nil || json.Unmarshal(text, &f) != nil || f.Nonce == "" || !c.now().Before(f.ExpiresAt) {
		return Flow{}, false
	}
	return f, true
}
