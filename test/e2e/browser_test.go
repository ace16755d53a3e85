// Package e2e walks through the pages in a real browser, with a virtual authenticator, and takes pictures for the
// documentation.
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/need"
	"holdfast.example/holdfast/test/program"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"holdfast.example/holdfast/internal/oidc/oidctest"
)

func TestMain(m *testing.M) { program.Main(m) }

// chromium gives the browser.
func chromium(t *testing.T) string {
	t.Helper()
	return need.Program(t, "chromium")
}

const estate = `
organization: Northwind
timezone: UTC
people:
  - {id: erika, name: Erika Muster, email: erika@northwind.example}
  - {id: sam, name: Sam Sicher}
  - {id: otto, name: Otto Prüfer}
roles: {security: [sam], auditor: [otto]}
teams:
  - {name: checkout, lead: erika, members: [erika]}
environments:
  - {name: production, stage: production}
applications:
  - {name: shop, team: checkout, exposure: internet, criticality: high}
systems:
  - {name: web-1, environment: production, application: shop, target: "rootfs:%s"}
`

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// company is an estate of which one system was assessed, and a control plane that serves it.
type company struct {
	state, estate string
	address, link string
}

func serve(t *testing.T, more ...string) company {
	t.Helper()
	dir := t.TempDir()
	c := company{state: filepath.Join(dir, "state"), estate: filepath.Join(dir, "estate.yaml")}
	root := filepath.Join(dir, "web-1")
	write(t, filepath.Join(root, "etc/os-release"), "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")
	write(t, filepath.Join(root, "etc/ssh/sshd_config"), "PermitRootLogin yes\nPasswordAuthentication yes\nX11Forwarding yes\n")
	write(t, filepath.Join(root, "usr/sbin/sshd"), "")
	write(t, c.estate, fmt.Sprintf(estate, root))
	program.Run(t, "--state", c.state, "assess", "-f", c.estate, "--fail-on", "never")
	p := program.Start(t, nil, append([]string{"--state", c.state, "serve", "-f", c.estate, "--listen", "127.0.0.1:0", "--agents", "127.0.0.1:0"}, more...)...)
	c.address = strings.TrimSuffix(p.After("Serving on "), "/")
	c.link = p.After("ten minutes: ")
	return c
}

// browser is one of its own, with an authenticator of its own.
type browser struct {
	t   *testing.T
	ctx context.Context
	c   company
	bad *watched
}

func open(t *testing.T, c company, path string, others ...string) browser {
	t.Helper()
	b := browser{t, nil, c, &watched{}}
	alloc, end := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("lang", "en"))...)
	t.Cleanup(end)
	ctx, end := chromedp.NewContext(alloc, chromedp.WithListener(func(e any) {
		switch e := e.(type) {
		case *runtime.EventExceptionThrown:
			b.bad.add("a script failed: " + e.ExceptionDetails.Text)
		case *network.EventRequestWillBeSent:
			if !slices.ContainsFunc(append(others, c.address), func(at string) bool { return strings.HasPrefix(e.Request.URL, at+"/") }) && !strings.HasPrefix(e.Request.URL, "data:") { // of the browser itself
				b.bad.add("another host is asked: " + e.Request.URL)
			}
		}
	}))
	t.Cleanup(end)
	b.ctx = ctx
	no := false
	b.do(func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		if _, err = cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{EnableUI: &no}); err != nil {
			return none, err
		}
		_, err = cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		return none, err
	})
	return b
}

// watched is what pages did that they must not.
type watched struct {
	mu  sync.Mutex
	all []string
}

func (w *watched) add(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, s)
}

const patience = 30 * time.Second

func (b browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// ask runs an action for its value, in time.
func ask[T any](b browser, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, end := context.WithTimeout(b.ctx, patience)
	defer end()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatalf("%v; the page says:\n%s", err, b.text())
	}
	return v
}

func (b browser) goTo(path string) { b.t.Helper(); b.do(chromedp.Navigate(b.c.address + path)) }

// press presses a button by its name, and waits for the page that holds a text.
func (b browser) press(name, until string) {
	b.t.Helper()
	ask(b, chromedp.Click(fmt.Sprintf("//button[starts-with(normalize-space(.), %q)]", name)))
	b.sees(until)
}

// sees waits for a text on the page.
func (b browser) sees(text string) {
	b.t.Helper()
	end := time.Now().Add(patience)
	for !strings.Contains(b.text(), text) {
		if time.Now().After(end) {
			b.t.Fatalf("the page never says %q but:\n%s", text, b.text())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// text is what the page says; nothing while it changes.
func (b browser) text() string {
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.readyState === "complete" && document.body ? document.body.innerText : ""`))
	if err != nil {
		return ""
	}
	return text
}

// webp takes a picture that is small.
func webp(ctx context.Context, t *chromedp.Target) ([]byte, error) {
	quality := int64(70)
	r, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
	return r.Data, err
}

// violations runs axe-core over the page: WCAG 2.2, levels A and AA.
func (b browser) violations() []string {
	b.t.Helper()
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		need.Missing(b.t, "axe-core is not here: make needs")
	}
	ask(b, chromedp.Evaluate[bool](string(axe)+"; true"))
	return ask(b, chromedp.Evaluate[[]string](`axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
		.then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + " (" + v.help + "): " + n.html)))`, chromedp.EvalAwaitPromise))
}

// picture keeps the page as it looks, wide and narrow, where pictures are wanted.
func (b browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("HOLDFAST_PICTURES")
	for _, width := range []int64{1100, 360} {
		b.do(chromedp.EmulateViewport(width, 900))
		if ask(b, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)) {
			b.t.Errorf("%s is wider than %d pixels", name, width)
		}
		for _, w := range b.violations() {
			b.t.Errorf("%s at %d pixels: %s", name, width, w)
		}
		if dir != "" {
			write(b.t, filepath.Join(dir, fmt.Sprintf("%s-%d.webp", name, width)), string(ask(b, webp)))
		}
	}
	b.do(chromedp.EmulateViewport(1100, 900))
}

// TestAxe: what hinders people is found.
func TestAxe(t *testing.T) {
	path := chromium(t)
	b := open(t, serve(t), path)
	b.goTo("/")
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[bool](`document.querySelector("main").append(new Image(), document.createElement("input")); true`)(ctx, t)
		return err
	}))
	all := strings.Join(b.violations(), " ")
	for _, want := range []string{"image-alt", "label"} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is not among %q", want, all)
		}
	}
}

var findingLink = regexp.MustCompile(`/findings/F-[A-Z2-7]{10}`)

// TestTwoPeople: who runs the control plane adds a passkey for erika and makes a link for sam; erika logs in, finds a fault
// of her team's and asks for an extension; sam, in another browser, logs in and approves it; nobody could do it alone; the
// ledger shows all of it.
func TestTwoPeople(t *testing.T) {
	path := chromium(t)
	began := time.Now()
	c := serve(t)
	erika, sam := open(t, c, path), open(t, c, path)

	erika.do(chromedp.Navigate(c.link))
	erika.press("Log in", "What to do next")
	erika.picture("overview")
	erika.goTo("/passkeys")
	erika.do(chromedp.SetValue(chromedp.CSS(`form[action="/passkeys/invite"] select`), "sam"))
	erika.press("Make a link", "It logs in once")
	link := ask(erika, chromedp.Text(chromedp.CSS("main code")))
	erika.goTo("/passkeys")
	erika.do(chromedp.SetValue(chromedp.CSS(`form[action="/passkeys"] select`), "erika"))
	erika.press("Add a passkey", "Last log-in")
	erika.picture("passkeys")
	erika.press("Log out", "no session any more")
	erika.goTo("/")
	erika.picture("log-in")
	erika.press("Log in with a passkey", "What to do next")
	erika.sees("Erika Muster")
	if strings.Contains(erika.text(), "Ledger") {
		t.Error("a team is offered the ledger")
	}

	erika.goTo("/findings")
	erika.sees("permitrootlogin is yes")
	erika.picture("findings")
	href := ask(erika, chromedp.AttributeValue(`//tr[contains(., 'permitrootlogin is yes')]//a`, "href")).Value
	if !findingLink.MatchString(href) {
		t.Fatal(href)
	}
	erika.goTo(href)
	before := erika.text()
	if !strings.Contains(before, "Violated: Root cannot log in over SSH") {
		t.Fatal(before)
	}
	ends := time.Now().AddDate(0, 5, 0).UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
	until := ends.Format(time.DateOnly)
	erika.do(chromedp.Click(chromedp.CSS("details summary")),
		chromedp.SetValue(chromedp.CSS(`select[name="kind"]`), "extension"), chromedp.SetValue(chromedp.CSS(`input[name="until"]`), until),
		chromedp.SendKeys(chromedp.CSS(`textarea[name="reason"]`), "The supplier needs root until <b>April</b>."))
	erika.picture("finding")
	erika.press("Ask, with passkey", "extension, requested, until "+until)
	erika.goTo("/decisions")
	erika.sees("requested")
	if strings.Contains(erika.text(), "Approve") {
		t.Error("who asked is offered to approve")
	}

	sam.do(chromedp.Navigate(link))
	sam.press("Log in", "Add a passkey")
	sam.press("Add a passkey", "Last log-in")
	sam.goTo("/decisions")
	sam.sees("The supplier needs root until <b>April</b>.")
	sam.picture("decisions")
	sam.press("Approve, with passkey", "in force")
	sam.goTo(href)
	sam.sees("extension, in force, until " + until)
	erika.goTo(href)
	if _, due, _ := strings.Cut(erika.text(), "Due\n"); !strings.HasPrefix(due, until) {
		t.Errorf("the deadline did not move to %s:\n%s", until, erika.text())
	}
	// When it ends, the finding is overdue.
	for days, overdue := range map[int]bool{0: false, 1: true} {
		out := program.Run(t, "--state", c.state, "finding", "list", "-f", c.estate, "--now", ends.AddDate(0, 0, days).Format(time.RFC3339))
		line := regexp.MustCompile(`(?m)^.*permitrootlogin is yes.*$`).FindString(string(out))
		if strings.Contains(line, "overdue for") != overdue || line == "" {
			t.Errorf("%d days after the end: %q", days, line)
		}
	}
	sam.goTo("/agents")
	sam.sees("No agent has joined yet")
	sam.picture("agents")
	sam.goTo("/runs")
	sam.sees("rootfs:")
	sam.picture("runs")
	for _, x := range []struct{ path, name, says string }{
		{"/", "overview-security", "By application"}, {"/requirements", "requirements", "A.5.2.1"}, {"/requirements/A.5.2.1", "requirement", "Root cannot log in over SSH"},
		{"/systems", "systems", "production/web-1"}, {"/systems/production%2Fweb-1", "system", "Checks on production/web-1"},
		{"/vulnerabilities", "vulnerabilities", "open"}, {"/endpoints", "endpoints", "No endpoint"}, {"/estate", "estate", "No flow is declared"}, {"/drift", "drift", "baseline"}, {"/settings", "settings", "--state"},
		{"/sessions", "sessions", "this one"}, {"/tokens", "tokens", "Make a token"}, {"/search?q=sshd-root", "search", "sshd-root-login"},
	} {
		sam.goTo(x.path)
		sam.sees(x.says)
		sam.picture(x.name)
	}
	ledger := func() bool { sam.goTo("/ledger"); return strings.Contains(sam.text(), "approved") }
	if !ledger() {
		t.Error(sam.text())
	}
	for _, words := range []string{"a link for sam to log in once was made by link of the terminal", "erika logged in by a passkey", "a passkey of sam was added by sam", "asked for"} {
		if !strings.Contains(sam.text(), words) {
			t.Errorf("the ledger does not say %q:\n%s", words, sam.text())
		}
	}
	sam.picture("ledger")
	if out := program.Run(t, "--state", c.state, "ledger", "verify"); !strings.Contains(out, "The ledger is whole") {
		t.Error(out)
	}
	for _, b := range []browser{erika, sam} {
		for _, bad := range b.bad.all {
			t.Error(bad)
		}
	}
	fmt.Printf("e2e: 2 people in 2 browsers, 22 pages at 2 widths, 1 decision, the ledger whole, in %.1f s\n", time.Since(began).Seconds())
}

// TestPassword: who has no passkey sets up a password with codes by a link, logs in by both in another browser, and takes a
// decision after showing them again.
func TestPassword(t *testing.T) {
	path := chromium(t)
	c := serve(t)
	admin, erika := open(t, c, path), open(t, c, path)
	admin.do(chromedp.Navigate(c.link))
	admin.press("Log in", "What to do next")
	admin.goTo("/passkeys")
	admin.do(chromedp.SetValue(chromedp.CSS(`form[action="/passkeys/invite"] select`), "erika"))
	admin.press("Make a link", "It logs in once")
	link := ask(admin, chromedp.Text(chromedp.CSS("main code")))

	erika.do(chromedp.Navigate(link))
	erika.press("Log in", "Set up a password with codes")
	erika.press("Set up a password with codes", "1. The app")
	key := ask(erika, chromedp.Text(chromedp.CSS("main code")))
	erika.picture("password")
	code := func(at time.Time) string {
		t.Helper()
		c, err := totp.GenerateCode(key, at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const password = "several words of one's own"
	erika.do(chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), password), chromedp.SendKeys(chromedp.CSS(`input[name="code"]`), code(time.Now())))
	erika.press("Keep both", "shown here and nowhere else")
	recovery := ask(erika, chromedp.Text(chromedp.CSS("main li code")))
	erika.goTo("/")
	erika.press("Log out", "no session any more")
	erika.goTo("/")
	// The next code, without waiting for it: its clock may be half a minute ahead.
	erika.do(chromedp.Click(chromedp.CSS("details summary")), chromedp.SendKeys(chromedp.CSS(`input[name="person"]`), "erika"), chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), password),
		chromedp.SendKeys(chromedp.CSS(`input[name="code"]`), code(time.Now().Add(30*time.Second))))
	ask(erika, chromedp.Click(`//form[@action="/log-in/password"]//button`))
	erika.sees("What to do next")
	erika.goTo("/step-up?next=/findings")
	erika.picture("step-up")
	erika.do(chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), password), chromedp.SendKeys(chromedp.CSS(`input[name="code"]`), recovery))
	erika.press("Show", "permitrootlogin is yes")
	for _, b := range []browser{admin, erika} {
		for _, bad := range b.bad.all {
			t.Error(bad)
		}
	}
}

// TestProvider: who has nothing here logs in at a provider of another site, whose cookies and this server's stay apart, and shows
// there anew who they are.
func TestProvider(t *testing.T) {
	path := chromium(t)
	p := oidctest.New(t, oidctest.Client{ID: "holdfast"}, oidctest.User{Name: "erika", Subject: "s-1", Email: "erika@northwind.example", Verified: true, AMR: []string{"mfa"}})
	c := serve(t, "--oidc-issuer", p.Issuer, "--oidc-client", "holdfast", "--oidc-name", "Northwind ID")
	p.Register(oidctest.Client{ID: "holdfast", Redirect: c.address + "/log-in/provider/back"})
	erika := open(t, c, path, p.Issuer)
	erika.goTo("/")
	erika.sees("Log in with Northwind ID")
	erika.picture("log-in-provider")
	erika.press("Log in with Northwind ID", "Come in")
	erika.do(chromedp.SendKeys(chromedp.CSS(`input[name="user"]`), "erika"))
	erika.press("Come in", "What to do next")
	erika.sees("Erika Muster")
	erika.goTo("/step-up?next=/findings")
	erika.press("Show at Northwind ID", "Come in")
	erika.do(chromedp.SendKeys(chromedp.CSS(`input[name="user"]`), "erika"))
	erika.press("Come in", "permitrootlogin is yes")
	erika.goTo("/passkeys")
	erika.press("Add a passkey", "Last log-in")
	if n := p.Screens(); n != 2 {
		t.Errorf("the provider asked %d times, want 2: at the log-in and before the decision", n)
	}
	for _, bad := range erika.bad.all {
		t.Error(bad)
	}
}
