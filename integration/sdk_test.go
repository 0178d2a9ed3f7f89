package integration_test

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/cotterpin/cotterpin/core/provider/emulator"
)

const phone = "+442079460000"

// sdkPage is a page that signs in with Cotter's browser SDK. Its server passes
// /auth/ to a demo application, so that both have one origin.
type sdkPage struct {
	origin   string
	program  *program
	emulator string // URL of the emulator
}

// sdkSettings is what the page reads.
type sdkSettings struct {
	Emulator string         `json:"emulator"`
	APIKey   string         `json:"apiKey"`
	Link     bool           `json:"link"` // a magic link instead of a one-time code
	Phone    bool           `json:"phone"`
	Config   map[string]any `json:"config"` // of the SDK
}

var sdkTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<title>SDK</title>
<link rel="icon" href="data:,">
<p id="result"></p>
<div id="cotter-form-container" style="width: 30rem; height: 40rem"></div>
<script id="settings" type="application/json">{{.}}</script>
<script src="/app.js"></script>
`))

// sdkProvider returns the provider block for the origin of the page, and the URL of
// its emulator.
type sdkProvider func(t *testing.T, origin string) (block, address string)

// newSDKPage serves the page.
func newSDKPage(t *testing.T, bundle []byte, settings sdkSettings, provider sdkProvider) *sdkPage {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	page := &sdkPage{origin: "http://localhost:" + portOf(server.Listener)}
	var block string
	block, page.emulator = provider(t, page.origin)
	page.program = start(t, "nethttp", fmt.Sprintf(`
auth {
  mode     = "development"
  base_url = %q
}

%s

%s

database "sqlite" {}
`, page.origin, block, ownSession))
	settings.Emulator, settings.APIKey = page.emulator, emulator.APIKeyID
	config := map[string]any{}
	for name, value := range settings.Config {
		if path, ok := value.(string); ok && strings.HasPrefix(path, "/") {
			value = page.origin + path
		}
		config[name] = value
	}
	settings.Config = config

	behind, err := url.Parse(page.program.origin)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/auth/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Host = r.In.Host
	}})
	mux.HandleFunc("/app.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(bundle)
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { _ = sdkTemplate.Execute(w, settings) })
	server.Config.Handler = mux
	server.Start()
	t.Cleanup(server.Close)
	return page
}

func portOf(l net.Listener) string {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		panic(err)
	}
	return port
}

// emulatorAlone is an emulator at the root of another origin.
func emulatorAlone(t *testing.T, _ string) (block, address string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	address = "http://localhost:" + portOf(server.Listener)
	handler, err := emulator.New(emulator.Options{APIKeyID: emulator.APIKeyID, IssuerURL: address})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = handler
	server.Start()
	t.Cleanup(server.Close)
	return fmt.Sprintf(`
provider "cotter" {
  api_key_id = %q
  base_url   = %q
  issuer     = %q
  trust      = ["email", "phone"]
}`, emulator.APIKeyID, address+"/api/v0", address), address
}

// emulatorMounted is the emulator of the demo application.
func emulatorMounted(_ *testing.T, origin string) (block, address string) {
	return `provider "emulator" {}`, origin + "/auth/emulator"
}

// sdkBundle returns the script of the page, with the SDK as npm installs it.
func sdkBundle(t *testing.T) []byte {
	t.Helper()
	directory, bundle := nodeProject(t, "sdk"), filepath.Join(t.TempDir(), "bundle.js")
	esbuild := filepath.Join("node_modules", "esbuild", "bin", "esbuild")
	if output, err := runIn(t.Context(), directory, "node", esbuild, "app.js", "--bundle", "--outfile="+bundle); err != nil {
		t.Fatalf("esbuild: %v\n%s", err, output)
	}
	script, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// Cotter's stock browser SDK signs in at the emulator by email and by phone, at the
// root and below the mount of a kit. Its API then refreshes and logs out.
//
// Cases: G09. Frameworks: nethttp. Databases: sqlite.
func TestSDK_SignsIn(t *testing.T) {
	t.Parallel()
	chromium := newBrowser(t)
	bundle := sdkBundle(t)
	for name, c := range map[string]struct {
		provider   sdkProvider
		identifier string
		settings   sdkSettings
	}{
		"alone, by email":   {emulatorAlone, ada, sdkSettings{}},
		"alone, by phone":   {emulatorAlone, phone, sdkSettings{Phone: true}},
		"mounted, by email": {emulatorMounted, ada, sdkSettings{}},
		"mounted, by phone": {emulatorMounted, phone, sdkSettings{Phone: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := newSDKPage(t, bundle, c.settings, c.provider)
			b := chromium.another(t)
			b.do(chromedp.Navigate(page.origin + "/"))
			form := b.sdkForm()
			b.typeIn(form, "#identifier", c.identifier)
			b.waitIn(form, "#to", c.identifier)
			b.typeIn(form, "#code", page.lastMessage(t).Code)
			b.waitForText("result", "signed in as "+c.identifier)
			b.waitIn(form, "#done", "You are signed in.")
			if got := evaluate[string](b, `refreshAndLogOut()`, chromedp.EvalAwaitPromise); got != c.identifier {
				t.Errorf("the refreshed token is of %q, want %q", got, c.identifier)
			}
		})
	}
}

// A magic link opens the page, which the SDK then signs in.
//
// Cases: G09. Frameworks: nethttp. Databases: sqlite.
func TestSDK_MagicLink(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	page := newSDKPage(t, sdkBundle(t), sdkSettings{Link: true}, emulatorAlone)
	b.do(chromedp.Navigate(page.origin + "/?from=app"))
	form := b.sdkForm()
	b.typeIn(form, "#identifier", ada)
	b.waitIn(form, "#to", ada)

	opened := b.another(t)
	opened.do(chromedp.Navigate(page.lastMessage(t).Link))
	opened.waitForText("result", "signed in as "+ada)
	if query := evaluate[string](opened, "location.search"); !strings.Contains(query, "from=app") {
		t.Errorf("the link opens the page with the query %s", query)
	}
	opened.do(chromedp.Reload())
	opened.waitIn(opened.sdkForm(), "#problem", "This sign-in is over")
}

// With RedirectMagicLink false the link signs in the page that began.
//
// Cases: G09. Frameworks: nethttp. Databases: sqlite.
func TestSDK_MagicLinkApproves(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	page := newSDKPage(t, sdkBundle(t), sdkSettings{
		Link: true, Config: map[string]any{"RedirectMagicLink": false},
	}, emulatorMounted)
	b.do(chromedp.Navigate(page.origin + "/"))
	form := b.sdkForm()
	b.typeIn(form, "#identifier", ada)
	b.waitIn(form, "#to", ada)

	opened := b.another(t)
	opened.do(chromedp.Navigate(page.lastMessage(t).Link), chromedp.WaitVisible(chromedp.Search(`//h1[text()="You have signed in"]`)))
	b.waitForText("result", "signed in as "+ada)
}

// The SDK posts the payload to RedirectURL by itself, the form has the configured
// fields, and OnBegin rejects an identifier.
//
// Cases: G09. Frameworks: nethttp. Databases: sqlite.
func TestSDK_Options(t *testing.T) {
	t.Parallel()
	chromium := newBrowser(t)
	bundle := sdkBundle(t)

	page := newSDKPage(t, bundle, sdkSettings{Config: map[string]any{"RedirectURL": "/auth/login"}}, emulatorAlone)
	b := chromium.another(t)
	b.do(chromedp.Navigate(page.origin + "/"))
	form := b.sdkForm()
	b.typeIn(form, "#identifier", "mallory@example.com")
	b.waitIn(form, "#problem", "You are not invited.")
	b.typeIn(form, "#identifier", ada)
	b.waitIn(form, "#to", ada)
	b.typeIn(form, "#code", "000000")
	b.waitIn(form, "#problem", "That is not the code.")
	b.typeIn(form, "#code", page.lastMessage(t).Code)
	b.waitForText("result", "signed in as "+ada)

	page = newSDKPage(t, bundle, sdkSettings{Config: map[string]any{
		"IdentifierFieldInitialValue": ada,
		"ButtonText":                  "Continue",
		"AdditionalFields":            []map[string]string{{"label": "Nickname", "name": "nickname"}},
	}}, emulatorAlone)
	b = chromium.another(t)
	b.do(chromedp.Navigate(page.origin + "/"))
	form = b.sdkForm()
	b.waitIn(form, "button", "Continue")
	b.typeIn(form, "#field-0", "Countess")
	b.waitIn(form, "#to", ada)
	b.typeIn(form, "#code", page.lastMessage(t).Code)
	b.waitForText("result", "signed in as "+ada)
	if got := evaluate[string](b, "payload.nickname"); got != "Countess" {
		t.Errorf("the payload has the nickname %q", got)
	}
}

// Cotter's packages for Node.js verify and read the emulator's tokens.
//
// Cases: G09.
func TestSDK_NodePackages(t *testing.T) {
	t.Parallel()
	directory := nodeProject(t, "sdk")
	_, address := emulatorAlone(t, "")
	token := mintAccessToken(t, address, `{"identifier":"ada@example.com"}`)
	foreign := mintAccessToken(t, address, `{"identifier":"ada@example.com","key":"foreign"}`)
	for token, want := range map[string]string{
		token:   `{"valid":true,"identifier":"ada@example.com","scope":"access","method":"OTP","audience":"` + emulator.APIKeyID + `"}`,
		foreign: `{"valid":false,"identifier":"ada@example.com","scope":"access","method":"OTP","audience":"` + emulator.APIKeyID + `"}`,
	} {
		got, err := runIn(t.Context(), directory, "node", "verify.js", address+"/api/v0", keyIDOf(t, address), token)
		if err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func mintAccessToken(t *testing.T, address, body string) string {
	t.Helper()
	response, err := http.Post(address+"/_emulator/mint", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var minted struct {
		AccessToken string `json:"access_token"`
	}
	decodeBody(t, response, &minted)
	return minted.AccessToken
}

// keyIDOf returns the id of the only published key.
func keyIDOf(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address + "/api/v0/token/jwks")
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ Kid string } }
	if decodeBody(t, response, &set); len(set.Keys) != 1 {
		t.Fatalf("%d keys", len(set.Keys))
	}
	return set.Keys[0].Kid
}

func decodeBody(t *testing.T, response *http.Response, into any) {
	t.Helper()
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// The form ignores messages of another frame.
//
// Cases: G09.
func TestSDK_FormMessages(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	_, address := emulatorAlone(t, "")
	query := "?id=x&type=EMAIL&state=s&challenge=" + strings.Repeat("A", 43) + "&api_key=" + emulator.APIKeyID
	other := serveHTML(t, func(string) string {
		return `<script>
addEventListener("message", () => {
	parent.frames[0].postMessage(JSON.stringify({ action: "CONFIG", payload: { buttonText: "Forged" } }), "*");
	parent.postMessage("sent", "*");
});
parent.postMessage("ready", "*");
</script>`
	})
	page := serveHTML(t, func(origin string) string {
		return fmt.Sprintf(`<script>
const emulator = %q;
let ready = 0;
addEventListener("message", ({ data, origin }) => {
	if (data === "ready" || origin === emulator && JSON.parse(data).callbackName === "xFIRST_LOAD") ready++;
	if (data === "sent") frames[0].postMessage(JSON.stringify({ action: "ON_ERROR", errorMsg: "of the page" }), emulator);
	else if (ready === 2) frames[1].postMessage("go", "*");
});
</script>
<iframe src="%[1]s/signup%s&amp;domain=%s"></iframe>
<iframe src=%q></iframe>`, address, strings.ReplaceAll(query, "&", "&amp;"), origin, other)
	})

	b.do(chromedp.Navigate(page))
	forms, err := runAction(b, chromedp.Nodes(chromedp.CSS("iframe")))
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.WaitVisible(chromedp.CSS("#identifier"), chromedp.FromNode(forms[0])))
	b.waitIn(forms[0], "#problem", "of the page")
	b.waitIn(forms[0], "#identifier-form button", "Send me a code")
}

// serveHTML serves the page that body returns for its origin, until the test ends.
func serveHTML(t *testing.T, body func(origin string) string) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `<!DOCTYPE html><link rel="icon" href="data:,"><body>`+body("http://"+r.Host))
	}))
	t.Cleanup(server.Close)
	return "http://localhost:" + portOf(server.Listener) // the site of the emulator: Chromium isolates frames of other sites
}

// sdkForm returns the iframe of the SDK when its form has been configured.
func (b *browser) sdkForm() *chromedp.Node {
	b.t.Helper()
	frames, err := runAction(b, chromedp.Nodes(chromedp.CSS("iframe[src]")))
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.WaitNotVisible(chromedp.CSS("#waiting"), chromedp.FromNode(frames[0])))
	return frames[0]
}

// typeIn replaces what an input of a frame contains, and presses Enter.
func (b *browser) typeIn(frame *chromedp.Node, css, text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(css), chromedp.FromNode(frame)))
	b.pollIn(frame, fmt.Sprintf(`(document.querySelector(%q).value = "") === ""`, css))
	b.do(chromedp.SendKeys(chromedp.CSS(css), text+kb.Enter, chromedp.FromNode(frame)))
}

// waitIn waits until an element of a frame has a text.
func (b *browser) waitIn(frame *chromedp.Node, css, text string) {
	b.t.Helper()
	b.pollIn(frame, fmt.Sprintf(`document.querySelector(%q)?.textContent.includes(%q)`, css, text))
}

// pollIn waits until an expression is true in a frame.
func (b *browser) pollIn(frame *chromedp.Node, expression string) {
	b.t.Helper()
	poll := chromedp.Poll[bool](expression, chromedp.WithPollingInFrame(frame), chromedp.WithPollingTimeout(patience))
	if _, err := runAction(b, poll); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
}

// emulatorMessage is a message in the mailbox of the emulator.
type emulatorMessage struct{ To, Channel, Code, Link string }

func (p *sdkPage) lastMessage(t *testing.T) emulatorMessage {
	t.Helper()
	response, err := http.Get(p.emulator + "/_emulator/mailbox")
	if err != nil {
		t.Fatal(err)
	}
	var box struct{ Messages []emulatorMessage }
	if decodeBody(t, response, &box); len(box.Messages) == 0 {
		t.Fatal("the mailbox is empty")
	}
	return box.Messages[len(box.Messages)-1]
}
