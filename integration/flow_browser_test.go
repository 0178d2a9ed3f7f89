package integration_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

// freeOrigin returns an origin at which a program can listen: its base_url, and so the
// redirect URI that the issuer registers, must be known before it starts.
func freeOrigin(t *testing.T) (origin string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
}

// startRedirecting starts a program at an origin with a client of the issuer.
func startRedirecting(t *testing.T, framework, origin, issuer, clientID, secret string) *program {
	t.Helper()
	at, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, framework, fmt.Sprintf(`
auth {
  mode     = "development"
  base_url = %q
}

provider "oidc" "issuer" {
  display_name  = "Example ID"
  issuer        = %q
  audience      = [%[3]q]
  client_id     = %[3]q
  client_secret = %[4]q
  userinfo      = true
  trust         = ["email"]
}

session "own" {}

database "sqlite" {}
`, origin, issuer, clientID, secret), "-addr", "127.0.0.1:"+at.Port())
}

const (
	redirectLink = `#signed-out a.sign-in`
	noScriptLink = `noscript a.sign-in`
)

// signInAtZitadel submits the form of zitadel's example server.
func (b *browser) signInAtZitadel() {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(`input[name="username"]`)),
		chromedp.SendKeys(chromedp.CSS(`input[name="username"]`), "test-user@127.0.0.1"),
		chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), "verysecure"+kb.Enter))
}

// sameBrowser returns a tab that shares the cookies of this one.
func (b *browser) sameBrowser(t *testing.T) *browser {
	t.Helper()
	return newTab(b.ctx, t)
}

func picturesDirectory(t *testing.T) string {
	t.Helper()
	if directory := os.Getenv("PICTURES"); directory != "" {
		return directory
	}
	return t.TempDir()
}

// TestFlowBrowser_Zitadel signs in through the demo page at the example server of
// zitadel, in two tabs at once, and without JavaScript.
//
// Cases: W01, W07. Frameworks: nethttp, gin, fiber. Databases: sqlite.
func TestFlowBrowser_Zitadel(t *testing.T) {
	t.Parallel()
	zitadel := buildIssuer(t, "zitadel")
	chromium := newBrowser(t)
	pictures := picturesDirectory(t)
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		origin := freeOrigin(t)
		issuer := runIssuer(t, exec.Command(zitadel, origin+"/auth/callback/issuer"))
		p := startRedirecting(t, framework, origin, issuer, "web", "secret")

		first := chromium.another(t)
		first.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.CSS(redirectLink)))
		first.screenshot(pictures, "flow-signed-out-"+framework, "light")
		second := first.sameBrowser(t)
		second.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.CSS(redirectLink)))
		first.press(redirectLink)
		second.press(redirectLink)
		second.signInAtZitadel()
		second.waitForText("me", "test-user@zitadel.ch")
		first.signInAtZitadel()
		first.waitForText("me", "test-user@zitadel.ch")
		first.screenshot(pictures, "flow-signed-in-"+framework, "light")

		static := chromium.another(t)
		disabled := emulation.SetScriptExecutionDisabledParams{Value: true}
		if _, err := chromedp.Call(static.ctx, emulation.SetScriptExecutionDisabled, disabled); err != nil {
			t.Fatal(err)
		}
		static.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.CSS(noScriptLink)))
		static.screenshot(pictures, "flow-without-script-"+framework, "light")
		static.press(noScriptLink)
		static.signInAtZitadel()
		static.do(chromedp.WaitVisible(chromedp.CSS(`noscript a[href="/api/me"]`)), chromedp.Navigate(origin+"/api/me"),
			chromedp.WaitVisible(chromedp.Search(`//*[contains(., '"provider":"issuer"')]`)))
	})
}

// TestFlowBrowser_Failure cancels a sign-in, and gets a code that the issuer refuses,
// such as one of another browser.
//
// Cases: W02, W03. Frameworks: nethttp, gin, fiber. Databases: sqlite.
func TestFlowBrowser_Failure(t *testing.T) {
	t.Parallel()
	chromium := newBrowser(t)
	pictures := picturesDirectory(t)
	onEachFramework(t, func(t *testing.T, framework string) {
		t.Helper()
		issuer := providertest.NewIssuer(t)
		p := startRedirecting(t, framework, freeOrigin(t), issuer.URL(), providertest.Audience, providertest.ClientSecret)
		b := chromium.another(t)

		issuer.SetAuthorization(url.Values{"error": {"access_denied"}})
		b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.CSS(redirectLink)))
		b.press(redirectLink)
		b.waitForText("error", "You did not sign in.")
		b.screenshot(pictures, "flow-canceled-"+framework, "light")
		if address := evaluate[string](b, "location.href"); address != p.page {
			t.Errorf("the address still is %s", address)
		}

		issuer.SetAuthorization(url.Values{"code": {"of-another-browser"}})
		b.press(redirectLink)
		b.waitForText("error", "The sign-in failed (invalid_token).")
		b.screenshot(pictures, "flow-failed-"+framework, "light")

		issuer.SetAuthorization(nil)
		b.press(redirectLink)
		b.waitForText("me", ada)
	})
}
