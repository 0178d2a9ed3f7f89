package demo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/web"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string

	pageTemplate = template.Must(template.New("page").Parse(pageHTML))
)

// page is the data of the template.
type page struct {
	Style    template.CSS
	Script   template.JS
	AuthPath string
	SignIns  []signIn
	Links    []link

	OwnSessions bool // the user can list sessions
	Users       bool // the user can sign out everywhere
}

// signIn is a provider with a hosted sign-in page.
type signIn struct {
	Name string // for display
	Page string // URL of the hosted page
	API  string // URL of Cotter's API
	Key  string // the application's API key
}

// link leads to a provider that redirects back: it needs no script.
type link struct {
	Name string `json:"display_name"`
	URL  string `json:"login_url"`
}

// linksOf returns the providers of GET /providers that redirect.
func linksOf(ctx context.Context, kit *core.Kit, authPath string) ([]link, error) {
	request := core.Request{Method: http.MethodGet, Path: authPath + "/providers", Header: http.Header{}, Body: http.NoBody}
	response, _ := kit.Adapter().Serve(ctx, request)
	var list struct {
		Providers []link `json:"providers"`
	}
	if err := json.Unmarshal(response.Body, &list); err != nil {
		return nil, fmt.Errorf("demo: the providers: %w", err)
	}
	return slices.DeleteFunc(list.Providers, func(l link) bool { return l.URL == "" }), nil
}

// Page returns the only page of the application.
func (a *App) Page() core.Response { return a.page }

func renderPage(s core.Settings, links []link) (core.Response, error) {
	p := page{
		Style:       template.CSS(pageCSS), //nolint:gosec // an embedded file
		Script:      template.JS(pageJS),   //nolint:gosec // an embedded file
		AuthPath:    s.Auth.Path,
		SignIns:     signInsOf(s),
		Links:       links,
		OwnSessions: s.Own != nil,
		Users:       s.Own != nil || s.ProviderToken.User != config.UserNone,
	}
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, p); err != nil {
		return core.Response{}, fmt.Errorf("demo: the page: %w", err)
	}
	response := web.NoContent().
		With("Content-Type", "text/html; charset=utf-8").
		With("Content-Security-Policy", contentPolicy(p.SignIns))
	response.Status = http.StatusOK
	response.Body = body.Bytes()
	return response, nil
}

// contentPolicy allows the style and script of the page, and requests to this
// application and to the providers' APIs.
func contentPolicy(signIns []signIn) string {
	connect := []string{"'self'"}
	for _, s := range signIns {
		if origin := originOf(s.API); origin != "" {
			connect = append(connect, origin)
		}
	}
	return strings.Join([]string{
		"default-src 'none'",
		"style-src " + hashOf(pageCSS),
		"script-src " + hashOf(pageJS),
		"connect-src " + strings.Join(connect, " "),
		"img-src data:",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
	}, "; ")
}

// hashOf returns a hash source (CSP Level 3, section 2.3.1).
func hashOf(text string) string {
	digest := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
}

func signInsOf(s core.Settings) []signIn {
	var all []signIn
	for _, instance := range s.Providers {
		if found, ok := signInOf(instance, s.Auth.Path); ok {
			found.Name = cmp.Or(instance.Common.DisplayName, instance.Name)
			all = append(all, found)
		}
	}
	return all
}

// signInOf returns false for a provider without a hosted page that the script
// supports.
func signInOf(instance provider.Instance, authPath string) (signIn, bool) {
	switch c := instance.Settings.(type) {
	case *emulator.Settings:
		mount := authPath + "/" + instance.Name
		return signIn{Page: mount + "/app", API: mount + "/api/v0", Key: emulator.APIKeyID}, true
	case *cotter.Settings:
		return signIn{Page: hostedPage(c.BaseURL), API: c.BaseURL, Key: c.APIKeyID}, true
	default:
		return signIn{}, false
	}
}

// hostedPage returns the URL of the hosted page for an API. An emulator serves
// both; Cotter serves the page from another host.
func hostedPage(baseURL string) string {
	u, err := url.Parse(baseURL)
	if err == nil && web.IsLoopback(u.Hostname()) {
		return strings.TrimSuffix(baseURL, "/api/v0") + "/app"
	}
	return "https://js.cotter.app/app"
}

// originOf returns "" for a path without a host.
func originOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
