package demo

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cotterpin/cotterpin/core"
	"github.com/cotterpin/cotterpin/core/config"
	"github.com/cotterpin/cotterpin/core/provider"
	"github.com/cotterpin/cotterpin/core/provider/cotter"
	"github.com/cotterpin/cotterpin/core/provider/emulator"
	"github.com/cotterpin/cotterpin/core/provider/oidc"
	"github.com/cotterpin/cotterpin/ent/sqlite"
)

func TestPage_PolicyHashes(t *testing.T) {
	t.Parallel()
	page, policy := rendered(t, developmentSettings(t))
	for directive, element := range map[string]string{"style-src": "style", "script-src": "script"} {
		inline := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(page, -1)
		if len(inline) != 1 {
			t.Fatalf("the page has %d elements %s, want one", len(inline), element)
		}
		digest := sha256.Sum256([]byte(inline[0][1]))
		want := directive + " 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
		if !slices.Contains(strings.Split(policy, "; "), want) {
			t.Errorf("%q is not in %q", want, policy)
		}
	}
}

func TestPage_NoExternalResources(t *testing.T) {
	t.Parallel()
	page, policy := rendered(t, developmentSettings(t))
	if !strings.Contains(policy, "connect-src 'self';") {
		t.Errorf("policy: %s", policy)
	}
	if found := regexp.MustCompile(`(src|href)="([^#d/]|//)[^"]*"|@import|: url\(|style=|onclick=`).FindString(page); found != "" {
		t.Errorf("the page contains %s", found)
	}
}

func TestPage_LabelsControls(t *testing.T) {
	t.Parallel()
	page, _ := rendered(t, developmentSettings(t))
	controls := regexp.MustCompile(`<(?:input|textarea|select)[^>]* id="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(controls) == 0 {
		t.Fatal("the page has no controls")
	}
	for _, control := range controls {
		if !strings.Contains(page, `<label for="`+control[1]+`">`) {
			t.Errorf("%s has no label", control[1])
		}
	}
}

func TestPage_SignIns(t *testing.T) {
	t.Parallel()
	instance := func(name string, kind provider.Type, arguments any) provider.Instance {
		return provider.Instance{Name: name, Type: kind, Settings: arguments}
	}
	for name, c := range map[string]struct {
		instance provider.Instance
		want     []signIn
		connect  string
	}{
		"emulator in this process": {
			instance("local", emulator.Type, &emulator.Settings{}),
			[]signIn{{"local", "/auth/local/app", "/auth/local/api/v0", emulator.APIKeyID}},
			"'self'",
		},
		"emulator alone": {
			instance("cotter", cotter.Type, &cotter.Settings{APIKeyID: "key", BaseURL: "http://localhost:1234/api/v0"}),
			[]signIn{{"cotter", "http://localhost:1234/app", "http://localhost:1234/api/v0", "key"}},
			"'self' http://localhost:1234",
		},
		"Cotter": {
			instance("cotter", cotter.Type, &cotter.Settings{APIKeyID: "key", BaseURL: "https://www.cotter.app/api/v0"}),
			[]signIn{{"cotter", "https://js.cotter.app/app", "https://www.cotter.app/api/v0", "key"}},
			"'self' https://www.cotter.app",
		},
		"provider without page": {instance("google", oidc.Type, &oidc.Settings{}), nil, "'self'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := developmentSettings(t)
			s.Providers = []provider.Instance{c.instance}
			if got := signInsOf(s); !slices.Equal(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			page, policy := rendered(t, s)
			if !strings.Contains(policy, "; connect-src "+c.connect+";") {
				t.Errorf("policy: %s", policy)
			}
			if open := strings.Contains(page, "<details open>"); open != (c.want == nil) {
				t.Errorf("the token form is open: %t", open)
			}
		})
	}
}

func TestPage_Links(t *testing.T) {
	t.Parallel()
	s := developmentSettings(t)
	s.Providers = []provider.Instance{
		oidc.Provider("corp", oidc.Settings{Issuer: "https://id.example.com", Audience: []string{"web"}, ClientID: "web"}),
		oidc.Provider("posting", oidc.Settings{Issuer: "https://id2.example.com", Audience: []string{"web"}}),
	}
	s.Database.Settings = &sqlite.Settings{Path: ":memory:"}
	app, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Kit.Close()
	page := string(app.Page().Body)
	link := `href="` + s.Auth.BaseURL + `/auth/login/corp">Sign in with corp</a>`
	if strings.Count(page, link) != 2 || strings.Contains(page, "posting") || strings.Contains(page, "<details open>") {
		t.Errorf("the page has no link in and outside of noscript, or others: %s", page)
	}
}

func TestPage_SessionStrategy(t *testing.T) {
	t.Parallel()
	own := developmentSettings(t)
	tokens := own
	withoutUsers := config.ProviderTokenSession{}
	withoutUsers.User = config.UserNone
	tokens.Own, tokens.ProviderToken = nil, &withoutUsers

	ownPage, _ := rendered(t, own)
	tokenPage, _ := rendered(t, tokens)
	for _, id := range []string{`id="sessions"`, `id="sign-out-everywhere"`} {
		if !strings.Contains(ownPage, id) || strings.Contains(tokenPage, id) {
			t.Errorf("%s: own %t, provider token %t", id, strings.Contains(ownPage, id), strings.Contains(tokenPage, id))
		}
	}
}

func developmentSettings(t *testing.T) core.Settings {
	t.Helper()
	s, err := load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rendered(t *testing.T, s core.Settings) (page, policy string) {
	t.Helper()
	response, err := renderPage(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.Status != http.StatusOK {
		t.Errorf("status %d", response.Status)
	}
	for _, field := range response.Header {
		if field.Name == "Content-Security-Policy" {
			policy = field.Value
		}
	}
	return string(response.Body), policy
}
