package core_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/cotterpin/cotterpin/adapters/cotterhttp"
	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/account/memstore"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/database"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
)

// A caller who becomes an administrator gets a new token, so that a copy of the
// old one does not give access to the new privileges.
func ExampleSessions_Renew() {
	kit, err := core.New(context.Background(), core.Settings{
		Auth:      config.Auth{Mode: config.ModeDevelopment, BaseURL: "http://localhost:8080"},
		Providers: []provider.Instance{emulator.Provider("", emulator.Settings{})},
		Own:       &config.OwnSession{},
		Database:  database.Existing(memstore.New()),
	}, core.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer kit.Close()

	promote := func(w http.ResponseWriter, r *http.Request) {
		// … the application stores the new role …
		renewed, err := kit.Sessions().Renew(r.Context())
		switch {
		case err != nil:
			cotterhttp.Fail(kit, w, r, err)
		case renewed.Token == "":
			for _, line := range renewed.SetCookies {
				w.Header().Add("Set-Cookie", line)
			}
		default:
			fmt.Fprint(w, renewed.Token) // the request had a bearer token
		}
	}
	mux := http.NewServeMux()
	mux.Handle("POST /promote", cotterhttp.Require(kit, core.Guard{})(http.HandlerFunc(promote)))
	server := httptest.NewServer(cotterhttp.Mount(kit)(mux))
	defer server.Close()

	owner, thief := newBrowser(server.URL), newBrowser(server.URL)
	tokens := owner.send("POST", "/auth/emulator/_emulator/mint", `{"identifier":"ada@example.com"}`)
	owner.send("POST", "/auth/login", `{"oauth_token":`+tokens.body+`}`)
	thief.steal(owner)
	fmt.Println("before:", owner.send("GET", "/auth/session", "").status, thief.send("GET", "/auth/session", "").status)
	owner.send("POST", "/promote", "")
	fmt.Println("after:", owner.send("GET", "/auth/session", "").status, thief.send("GET", "/auth/session", "").status)
	// Output:
	// before: 200 200
	// after: 200 401
}

// browser keeps the cookies of one server.
type browser struct {
	client http.Client
	origin *url.URL
}

type reply struct {
	status int
	body   string
}

func newBrowser(origin string) browser {
	parsed, err := url.Parse(origin)
	if err != nil {
		panic(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err)
	}
	return browser{http.Client{Jar: jar}, parsed}
}

func (b browser) steal(from browser) {
	b.client.Jar.SetCookies(b.origin, from.client.Jar.Cookies(b.origin))
}

func (b browser) send(method, path, body string) reply {
	request, err := http.NewRequest(method, b.origin.String()+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := b.client.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	received, err := io.ReadAll(response.Body)
	if err != nil {
		panic(err)
	}
	return reply{response.StatusCode, string(received)}
}
