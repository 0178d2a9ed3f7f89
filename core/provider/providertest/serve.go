package providertest

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// The paths of an [Issuer].
const (
	CotterKeysPath = "/api/v0/token/jwks"
	RefreshPath    = "/api/v0/token/" + Audience
	OIDCKeysPath   = "/jwks"
	DiscoveryPath  = "/.well-known/openid-configuration"
)

const userInfoPath = "/userinfo"

// Mode is how an [Issuer] responds.
type Mode string

// The modes.
const (
	OK       Mode = "ok"
	Failing  Mode = "500"
	Slow     Mode = "slow"     // no response until the client closes the connection
	Garbage  Mode = "garbage"  // 200 and a page of HTML
	Huge     Mode = "huge"     // 200 and a body of 64 MiB
	Empty    Mode = "empty"    // 200 and `{"keys":[]}`
	Redirect Mode = "redirect" // keys only: 302 to where they are
)

func (i *Issuer) serveKeys(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	mode := i.jwks
	keys := []any{}
	for _, k := range i.keys {
		keys = append(keys, k.JWK())
	}
	i.mu.Unlock()
	redirected := r.URL.RawQuery != ""
	switch {
	case mode == OK, mode == Redirect && redirected:
		writeJSON(w, http.StatusOK, map[string]any{"keys": keys})
	case mode == Redirect:
		http.Redirect(w, r, r.URL.Path+"?redirected", http.StatusFound)
	default:
		i.misbehave(w, r, mode)
	}
}

func (i *Issuer) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	document := i.discovery
	i.mu.Unlock()
	writeJSON(w, http.StatusOK, document)
}

func (i *Issuer) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	h := i.userInfo
	i.mu.Unlock()
	h.ServeHTTP(w, r)
}

// serveRefresh responds as Cotter does, as far as that is known: with the tokens
// in the form of a login's oauth_token, and with a new refresh token in place of
// the old one, which is revoked.
func (i *Issuer) serveRefresh(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	mode := i.refresh
	i.mu.Unlock()
	if mode != OK {
		i.misbehave(w, r, mode)
		return
	}
	var body struct {
		GrantType    string `json:"grant_type"`
		RefreshToken string `json:"refresh_token"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.GrantType != "refresh_token" || r.Header.Get("API_KEY_ID") != Audience {
		writeJSON(w, http.StatusBadRequest, map[string]any{"msg": "Invalid request", "type": ""})
		return
	}
	i.mu.Lock()
	identifier, active := i.refreshes[body.RefreshToken]
	delete(i.refreshes, body.RefreshToken)
	response := i.response
	i.mu.Unlock()
	if !active {
		writeJSON(w, http.StatusBadRequest, map[string]any{"msg": "Refresh token is not valid", "type": ""})
		return
	}
	if response == nil {
		response = i.Login(identifier).OAuthToken()
	}
	writeJSON(w, http.StatusOK, response)
}

func (i *Issuer) misbehave(w http.ResponseWriter, r *http.Request, mode Mode) {
	switch mode {
	case Slow:
		select {
		case <-r.Context().Done():
		case <-i.closed:
		}
	case Garbage:
		_, _ = w.Write([]byte("<!doctype html><title>Maintenance</title>"))
	case Huge:
		block := bytes.Repeat([]byte(" "), 1<<20)
		for range 64 {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	case Empty:
		writeJSON(w, http.StatusOK, map[string]any{"keys": []any{}})
	default:
		writeJSON(w, http.StatusInternalServerError, map[string]any{"msg": "Fail", "type": ""})
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
