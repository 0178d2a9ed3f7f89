package integration_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser is a tab of Chromium with cookies of its own.
type browser struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // chromedp's way to name a tab
}

// newBrowser starts Chromium until the test ends. Whatever the page complains
// about on its console is an error.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("REQUIRE_ENGINES") != "" {
			t.Fatal("there is no chromium on the PATH")
		}
		t.Skip("there is no chromium on the PATH")
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
			if message.Type == chromedp.ConsoleError || message.IsException() {
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
	if _, err := ask(b, chromedp.Steps(steps...)); err != nil {
		b.t.Fatal(err)
	}
}

// text returns what the page shows in the first element that matches.
func (b *browser) text(css string) string {
	b.t.Helper()
	text, err := ask(b, chromedp.Text(chromedp.CSS(css)))
	if err != nil {
		b.t.Fatalf("%s: %v", css, err)
	}
	return strings.TrimSpace(text)
}

// evaluate returns the value of an expression in the page.
func evaluate[T any](b *browser, expression string) T {
	b.t.Helper()
	value, err := ask(b, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func ask[T any](b *browser, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, action)
}

// sees waits until an element is shown that holds the text.
func (b *browser) sees(id, text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.Search(fmt.Sprintf(`//*[@id=%q and contains(normalize-space(.), %q)]`, id, text))))
}

func (b *browser) press(css string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

// focused returns the id of the focused element, or what it says if it has none.
func (b *browser) focused() string {
	b.t.Helper()
	return evaluate[string](b, `document.activeElement.id || document.activeElement.textContent.trim()`)
}

// picture writes a picture of the whole page.
func (b *browser) picture(folder, name, scheme string) {
	b.t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.t.Fatal(err)
	}
	png, err := ask(b, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+"-"+scheme+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// signIn goes through the emulator's pages.
func (b *browser) signIn(identifier string) {
	b.t.Helper()
	b.press(".sign-in")
	b.do(chromedp.WaitVisible(chromedp.ID("identifier")), chromedp.SendKeys(chromedp.ID("identifier"), identifier+kb.Enter),
		chromedp.WaitVisible(chromedp.ID("code")))
	b.do(chromedp.SendKeys(chromedp.ID("code"), b.text(".code")+kb.Enter))
}

func TestBrowser_SignIn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, "nethttp", "")
	pictures := t.TempDir()
	if folder := os.Getenv("PICTURES"); folder != "" {
		pictures = folder
	}

	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
	b.picture(pictures, "signed-out", "light")
	b.picture(pictures, "signed-out", "dark")
	b.signIn(ada)
	b.sees("status", "You are registered.")
	b.sees("me", ada)
	if address := evaluate[string](b, "location.href"); address != p.page {
		t.Errorf("the address is left as %s", address)
	}
	if kept := evaluate[int](b, "localStorage.length + sessionStorage.length"); kept != 0 {
		t.Errorf("%d things are left in the browser's storage", kept)
	}
	if focused := b.focused(); focused != "me-title" {
		t.Errorf("the focus is on %q", focused)
	}
	registered := b.text("#user-id")

	other := b.another(t)
	other.do(chromedp.Navigate(p.page))
	other.signIn(ada)
	other.sees("status", "Welcome back.")
	if again := other.text("#user-id"); again != registered {
		t.Errorf("user %s became %s", registered, again)
	}

	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("end-others")))
	if sessions := evaluate[int](b, `document.querySelectorAll("#sessions li").length`); sessions != 2 {
		t.Errorf("%d sessions are listed", sessions)
	}
	b.do(chromedp.SendKeys(chromedp.ID("note"), "Buy <b>milk</b>"+kb.Enter))
	b.sees("notes", "Buy <b>milk</b>")
	b.picture(pictures, "signed-in", "light")
	b.picture(pictures, "signed-in", "dark")
	b.press("#end-others")
	b.sees("status", "All other sessions have ended.")
	other.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))

	b.press("#sign-out")
	b.sees("status", "You are signed out.")
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
	b.sees("status", "You are registered.")
	b.tabTo("note")
	b.do(chromedp.KeyEvent("Buy milk" + kb.Enter))
	b.sees("notes", "Buy milk")
	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("me-title")))
	b.tabTo("sign-out-everywhere")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.sees("status", "You are signed out everywhere.")
	if focused := b.focused(); focused != "sign-in-title" {
		t.Errorf("the focus is on %q", focused)
	}
}

// tabTo presses the tabulator until the element with that id, or that text if
// it has none, is focused.
func (b *browser) tabTo(wanted string) {
	b.t.Helper()
	const enough = 20
	for range enough {
		b.do(chromedp.KeyEvent(kb.Tab))
		if b.focused() == wanted {
			if outline := evaluate[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline != "solid" {
				b.t.Errorf("the focus on %q cannot be seen: outline %s", wanted, outline)
			}
			return
		}
	}
	b.t.Fatalf("%q cannot be reached by the keyboard", wanted)
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
		visitor.sees("status", "You are registered.")
		visitor.do(chromedp.SendKeys(chromedp.ID("note"), name+kb.Enter))
		visitor.sees("notes", name)
		visitor.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
		visitor.signIn(ada)
		visitor.sees("status", "Welcome back.")
		visitor.press("#sign-out-everywhere")
		visitor.sees("status", "You are signed out everywhere.")
	}
}

func TestBrowser_ForgedCallback(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, "nethttp", "")
	b.do(chromedp.Navigate(p.page + "?code=x&state=y&challenge_id=1"))
	b.sees("error", "did not begin here")
	b.do(chromedp.Navigate(p.page + "?error=access_denied&state=y"))
	b.sees("error", "did not begin here")

	b.press(".sign-in")
	b.do(chromedp.WaitVisible(chromedp.ID("identifier")), chromedp.Click(chromedp.Search(`//a[text()="Cancel"]`)))
	b.sees("error", "You did not sign in.")
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
	b.sees("status", "You are registered.")
	if kept := evaluate[string](b, `document.getElementById("payload").value`); kept != "" {
		t.Error("the tokens are left in the form")
	}
}
