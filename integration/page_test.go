package integration_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Back leads to pages that the browser requests with GET, also after a wrong
// identifier and a wrong code: a page that was posted to would be ERR_CACHE_MISS.
//
// Cases: G07.
func TestBrowser_BackAfterSignIn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, "nethttp", "")
	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
	b.press(".sign-in")
	b.do(chromedp.WaitVisible(chromedp.ID("identifier")))
	evaluate[bool](b, `document.forms[0].noValidate = true`)
	b.do(chromedp.SendKeys(chromedp.ID("identifier"), "ada"+kb.Enter))
	b.waitForText("problem", "Enter an email address")
	b.do(chromedp.SetValue(chromedp.ID("identifier"), ada), chromedp.SendKeys(chromedp.ID("identifier"), kb.Enter),
		chromedp.WaitVisible(chromedp.ID("code")))
	evaluate[bool](b, `document.forms[0].noValidate = true`)
	b.do(chromedp.SendKeys(chromedp.ID("code"), "wrong"+kb.Enter))
	b.waitForText("problem", "That is not the code.")
	b.do(chromedp.SendKeys(chromedp.ID("code"), b.text(".code")+kb.Enter))
	b.waitForText("status", "You are registered.")

	b.back()
	b.waitForText("problem", "This sign-in is over")
	b.do(chromedp.Click(chromedp.Search(`//a[text()="Start again"]`)), chromedp.WaitVisible(chromedp.ID("identifier")))
	b.back()
	b.waitForText("problem", "This sign-in is over")
	b.back()
	b.waitForText("problem", "This sign-in is over")
	b.back()
	b.waitForText("problem", "Enter an email address")
	b.back()
	b.do(chromedp.WaitNotPresent(chromedp.ID("problem")), chromedp.WaitVisible(chromedp.ID("identifier")))
	b.back()
	b.waitForText("me", ada)
}

// back presses the browser's button Back.
func (b *browser) back() {
	b.t.Helper()
	b.do(chromedp.NavigateBack())
}

// Cases: G08.
func TestBrowser_SignInByPhone(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, "nethttp", "")
	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
	b.signIn(ada)
	b.waitForText("me", ada)

	other := b.another(t)
	other.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
	other.signInWith(`[data-type="PHONE"]`, "+442079460000")
	other.waitForText("status", "You are registered.")
	other.waitForText("me", "+442079460000 (verified)")
}

// A callback address that is opened a second time shows the error, and the user
// who is signed in.
//
// Cases: G08.
func TestBrowser_CallbackTwice(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	p := start(t, "nethttp", "")
	b.do(chromedp.Navigate(p.page), chromedp.WaitVisible(chromedp.ID("sign-in-title")))
	b.signIn(ada)
	b.waitForText("status", "You are registered.")
	for _, query := range []string{"?code=x&state=y&challenge_id=1", "?error=access_denied&state=y"} {
		b.do(chromedp.Navigate(p.page + query))
		b.waitForText("error", "already complete")
		b.waitForText("me", ada)
		if shown := evaluate[bool](b, `!document.getElementById("signed-out").hidden`); shown {
			t.Error("the page still offers to sign in")
		}
		if address := evaluate[string](b, "location.href"); address != p.page {
			t.Errorf("the address still is %s", address)
		}
	}

	// A sign-in that began here and fails at the provider.
	evaluate[bool](b, `sessionStorage.setItem("signIn", JSON.stringify({
		state: "y", verifier: "v", api: "/auth/emulator/api/v0", key: document.querySelector(".sign-in").dataset.key, type: "EMAIL",
	})) === undefined`)
	b.do(chromedp.Navigate(p.page + "?code=used&state=y&challenge_id=1"))
	b.waitForText("error", "The authorization code is not valid")
	b.waitForText("me", ada)
}
