package integration_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser is a tab of Chromium with separate cookies.
type browser struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // identifies the tab in chromedp
}

// newBrowser starts Chromium until the test ends. Errors on the page's console
// fail the test.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("REQUIRE_ENGINES") != "" {
			t.Fatal("chromium is not in PATH")
		}
		t.Skip("chromium is not in PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	return newTab(ctx, t)
}

// another returns a tab that shares no cookie with this one.
func (b *browser) another(t *testing.T) *browser {
	t.Helper()
	return newTab(b.ctx, t, chromedp.WithNewBrowserContext())
}

// rejectedRequest matches what Chromium reports of requests that tests cause: those
// without a session, those of a sign-in with a wrong code or that is over, failed
// refreshes, and those without a network or a response.
var rejectedRequest = regexp.MustCompile(`status of (401|404 .*/favicon\.ico|4(00|10) .*/(app/code\?|app/frame/code\?|get_identity\?)|[45].*/auth/refresh)|ERR_(INTERNET_DISCONNECTED|EMPTY_RESPONSE)`)

func newTab(parent context.Context, t *testing.T, options ...chromedp.ContextOption) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	if err := chromedp.Do(ctx); err != nil {
		cancel()
		t.Fatalf("chromium does not start: %v", err)
	}
	messages := chromedp.Console(ctx)
	var group sync.WaitGroup
	group.Go(func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			rejected := rejectedRequest.MatchString(message.String() + " " + message.URL)
			if message.Type == chromedp.ConsoleError && !rejected || message.IsException() {
				t.Errorf("console: %s (%s)", message, message.URL)
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		group.Wait()
	})
	return &browser{t, ctx}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if _, err := runAction(b, chromedp.Steps(steps...)); err != nil {
		b.t.Fatal(err)
	}
}

// text returns the text of the first element that matches.
func (b *browser) text(css string) string {
	b.t.Helper()
	text, err := runAction(b, chromedp.Text(chromedp.CSS(css)))
	if err != nil {
		b.t.Fatalf("%s: %v", css, err)
	}
	return strings.TrimSpace(text)
}

// evaluate returns the value of an expression in the page.
func evaluate[T any](b *browser, expression string, options ...chromedp.EvaluateOption) T {
	b.t.Helper()
	value, err := runAction(b, chromedp.Evaluate[T](expression, options...))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func runAction[T any](b *browser, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, action)
}

// waitForText waits until an element with the text is visible.
func (b *browser) waitForText(id, text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.Search(fmt.Sprintf(`//*[@id=%q and contains(normalize-space(.), %q)]`, id, text))))
}

func (b *browser) press(css string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

// focused returns the id of the focused element, or its text if it has no id.
func (b *browser) focused() string {
	b.t.Helper()
	return evaluate[string](b, `document.activeElement.id || document.activeElement.textContent.trim()`)
}

// screenshot writes a screenshot of the whole page.
func (b *browser) screenshot(directory, name, scheme string) {
	b.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.t.Fatal(err)
	}
	png, err := runAction(b, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, name+"-"+scheme+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// signIn signs in by email on the pages of the emulator.
func (b *browser) signIn(identifier string) {
	b.t.Helper()
	b.signInWith(`[data-type="EMAIL"]`, identifier)
}

// signInWith presses a button of the page and signs in on those of the emulator.
func (b *browser) signInWith(button, identifier string) {
	b.t.Helper()
	b.press(button)
	b.do(chromedp.WaitVisible(chromedp.ID("identifier")), chromedp.SendKeys(chromedp.ID("identifier"), identifier+kb.Enter),
		chromedp.WaitVisible(chromedp.ID("code")))
	b.do(chromedp.SendKeys(chromedp.ID("code"), b.text(".code")+kb.Enter))
}

func TestBrowser_SignIn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, "nethttp", "")
	pictures := t.TempDir()
	if directory := os.Getenv("PICTURES"); directory != "" {
		pictures = directory
	}

	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
	b.screenshot(pictures, "signed-out", "light")
	b.screenshot(pictures, "signed-out", "dark")
	b.signIn(ada)
	b.waitForText("status", "You are registered.")
	b.waitForText("me", ada)
	if address := evaluate[string](b, "location.href"); address != p.page {
		t.Errorf("the address still is %s", address)
	}
	if kept := evaluate[int](b, "localStorage.length + sessionStorage.length"); kept != 0 {
		t.Errorf("the browser's storage still has %d entries", kept)
	}
	if focused := b.focused(); focused != "me-title" {
		t.Errorf("the focus is on %q", focused)
	}
	registered := b.text("#user-id")

	other := b.another(t)
	other.do(chromedp.Navigate(p.page))
	other.signIn(ada)
	other.waitForText("status", "Welcome back.")
	if again := other.text("#user-id"); again != registered {
		t.Errorf("user %s became %s", registered, again)
	}

	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("end-others")))
	if sessions := evaluate[int](b, `document.querySelectorAll("#sessions li").length`); sessions != 2 {
		t.Errorf("%d sessions are listed", sessions)
	}
	b.do(chromedp.SendKeys(chromedp.ID("note"), "Buy <b>milk</b>"+kb.Enter))
	b.waitForText("notes", "Buy <b>milk</b>")
	b.screenshot(pictures, "signed-in", "light")
	b.screenshot(pictures, "signed-in", "dark")
	b.press("#end-others")
	b.waitForText("status", "All other sessions")
	other.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))

	b.press("#sign-out")
	b.waitForText("status", "You are signed out.")
	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
}

func TestBrowser_Keyboard(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, "nethttp", "")
	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
	b.tabTo("Sign in")
	b.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.ID("identifier")),
		chromedp.KeyEvent(ada+kb.Enter), chromedp.WaitVisible(chromedp.ID("code")))
	b.do(chromedp.KeyEvent(b.text(".code") + kb.Enter))
	b.waitForText("status", "You are registered.")
	b.tabTo("note")
	b.do(chromedp.KeyEvent("Buy milk" + kb.Enter))
	b.waitForText("notes", "Buy milk")
	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("me-title")))
	b.tabTo("sign-out-everywhere")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.waitForText("status", "You are signed out everywhere.")
	if focused := b.focused(); focused != "sign-in-title" {
		t.Errorf("the focus is on %q", focused)
	}
}

// TestBrowser_SessionRevokedElsewhere covers G06: the page returns to its sign-in
// view at the first 401.
func TestBrowser_SessionRevokedElsewhere(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, "nethttp", "")
	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
	b.signIn(ada)
	b.waitForText("me", ada)
	other := b.another(t)
	other.do(chromedp.Navigate(p.page))
	other.signIn(ada)
	other.waitForText("me", ada)
	other.press("#sign-out-everywhere")
	other.waitForText("status", "You are signed out everywhere.")

	b.do(chromedp.SendKeys(chromedp.ID("note"), "Buy milk"+kb.Enter), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
	b.waitForText("status", "Your session has expired or was revoked.")
	if shown := evaluate[string](b, `document.getElementById("me").textContent + document.getElementById("error").textContent`); shown != "" {
		t.Errorf("the page still shows %q", shown)
	}
	if focused := b.focused(); focused != "sign-in-title" {
		t.Errorf("the focus is on %q", focused)
	}
	b.signIn(ada)
	b.waitForText("status", "Welcome back.")
}

// tabTo presses the tab key until the element with the id, or the text if it
// has no id, has the focus.
func (b *browser) tabTo(wanted string) {
	b.t.Helper()
	const enough = 20
	for range enough {
		b.do(chromedp.KeyEvent(kb.Tab))
		if b.focused() == wanted {
			if outline := evaluate[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline != "solid" {
				b.t.Errorf("the focus on %q is invisible: outline %s", wanted, outline)
			}
			return
		}
	}
	b.t.Fatalf("%q is not reachable with the keyboard", wanted)
}

func TestBrowser_TokenInMemory(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	for name, session := range map[string]string{"own": ownBearer, "provider_token": tokenBearer} {
		p := start(t, "nethttp", fmt.Sprintf(`
auth {
  mode     = "development"
  base_url = "http://localhost:8080"
}

provider "emulator" {}

%s

database "sqlite" {}
`, session))
		visitor := b.another(t)
		visitor.do(chromedp.Navigate(p.origin+"/"), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
		visitor.signIn(ada)
		visitor.waitForText("status", "You are registered.")
		visitor.do(chromedp.SendKeys(chromedp.ID("note"), name+kb.Enter))
		visitor.waitForText("notes", name)
		visitor.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
		visitor.signIn(ada)
		visitor.waitForText("status", "Welcome back.")
		visitor.press("#sign-out-everywhere")
		visitor.waitForText("status", "You are signed out everywhere.")
	}
}

func TestBrowser_ForgedCallback(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, "nethttp", "")
	b.do(chromedp.Navigate(p.page + "?code=x&state=y&challenge_id=1"))
	b.waitForText("error", "did not begin here")
	b.do(chromedp.Navigate(p.page + "?error=access_denied&state=y"))
	b.waitForText("error", "did not begin here")

	b.press(".sign-in")
	b.do(chromedp.WaitVisible(chromedp.ID("identifier")), chromedp.Click(chromedp.Search(`//a[text()="Cancel"]`)))
	b.waitForText("error", "You did not sign in.")
	b.do(chromedp.WaitVisible(chromedp.ID("sign-in-title")))
}

func TestBrowser_PostByHand(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, "nethttp", "")
	var minted map[string]any
	p.send(t, "POST", "/auth/emulator/_emulator/mint", posting(`{"identifier":"ada@example.com"}`)).decode(t, &minted)
	p.addTokens(map[string]any{"oauth_token": minted})

	b.do(chromedp.Navigate(p.page), chromedp.Click(chromedp.CSS("summary"), chromedp.NodeVisible),
		chromedp.SendKeys(chromedp.ID("payload"), encode(map[string]any{"oauth_token": minted})))
	b.press("#by-hand button")
	b.waitForText("status", "You are registered.")
	if kept := evaluate[string](b, `document.getElementById("payload").value`); kept != "" {
		t.Error("the form still contains the tokens")
	}
}
