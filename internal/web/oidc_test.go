package web

import (
	"context"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/oidc"
	"holdfast.example/holdfast/internal/oidc/oidctest"
)

// elsewhere is a real provider; who is called so there is called so here.
type elsewhere struct{ *oidc.Provider }

func (elsewhere) Name() string { return "Northwind <ID>" }

func (e elsewhere) Finish(ctx context.Context, a access.Asked, b access.Brought) (access.Arrived, error) {
	v, err := e.Provider.Finish(ctx, a, b)
	if err != nil {
		return access.Arrived{}, err
	}
	person, known := strings.CutSuffix(v.Identity, "@northwind.example")
	if !known {
		return access.Arrived{}, ErrNone
	}
	return access.Arrived{Person: person, Shown: v.Shown, At: access.Elsewhere{Subject: v.Subject, Session: v.Session}}, nil
}

// abroad is a server whose people log in at a provider.
type abroad struct {
	*Server
	*oidctest.Provider
	t     *testing.T
	clock *clock
	visit func() visitor
}

func served(t *testing.T) abroad {
	t.Helper()
	s, c, visit := serving(t, data{})
	c.at = time.Now()
	two := []string{"pwd", "otp"}
	p := oidctest.New(t, oidctest.Client{ID: "holdfast", Secret: "x", Redirect: s.origin + ProviderBack, InToken: true},
		oidctest.User{Name: "erika", Subject: "1", Email: "erika@northwind.example", Verified: true, AMR: two},
		oidctest.User{Name: "sam", Subject: "2", Email: "sam@northwind.example", Verified: true, AMR: two},
		oidctest.User{Name: "one-factor", Subject: "3", Email: "sam@northwind.example", Verified: true, AMR: []string{"pwd"}},
		oidctest.User{Name: "unverified", Subject: "4", Email: "sam@northwind.example", AMR: two},
		oidctest.User{Name: "stranger", Subject: "5", Email: "mallory@evil.example", Verified: true, AMR: two},
		oidctest.User{Name: "left", Subject: "6", Email: "left@northwind.example", Verified: true, AMR: two},
	)
	x, err := oidc.New(oidc.Options{Issuer: p.Issuer, Client: "holdfast", Secret: "x", Redirect: s.origin + ProviderBack, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	s.provider = elsewhere{x}
	return abroad{s, p, t, c, visit}
}

// begun goes to the provider from a page that leads there, and gives what the page has to which the provider sends back.
func (a abroad) begun(v visitor, path, user string, with ...func(*http.Request)) (int, url.Values) {
	a.t.Helper()
	status, text, _ := v.do("POST", path, with...)
	if status != 200 {
		return status, nil
	}
	address := between(text, `<a href="`, `" data-go`) // of the last link before it
	address = address[strings.LastIndex(address, `"`)+1:]
	jar, err := cookiejar.New(nil)
	if err != nil {
		a.t.Fatal(err)
	}
	next, err := a.Visit(a.t.Context(), &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, html.UnescapeString(address), user)
	if err != nil {
		a.t.Fatal(err)
	}
	if !strings.HasPrefix(next.String(), a.origin+ProviderBack+"?") {
		a.t.Fatal(next)
	}
	stranger := a.visit() // the browser comes from another site: its cookies do not come along
	status, text, h := stranger.do("GET", next.RequestURI())
	if status != 200 || !strings.Contains(h.Get("Content-Security-Policy"), "form-action 'self';") {
		a.t.Fatal(status, text, h)
	}
	out := url.Values{}
	for _, name := range []string{"code", "state", "iss", "error"} {
		out.Set(name, html.UnescapeString(between(text, `name="`+name+`" value="`, `"`)))
	}
	return status, out
}

func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	out, _, _ := strings.Cut(rest, to)
	return out
}

func (a abroad) finish(v visitor, brought url.Values) (int, string) {
	status, text, _ := v.do("POST", "/log-in/provider/finish", form(brought))
	a.throttle.Succeeded("127.0.0.1") // what slows guessing down is tested apart
	return status, text
}

func (a abroad) logIn(v visitor, user string) (int, string) {
	a.t.Helper()
	status, brought := a.begun(v, "/log-in/provider/begin", user)
	if status != 200 {
		return status, ""
	}
	return a.finish(v, brought)
}

// TestProvider: who showed two factors at the provider and is of the estate comes in, and nobody else does, each told why.
func TestProvider(t *testing.T) {
	a := served(t)
	if _, text, _ := a.visit().do("GET", "/"); !strings.Contains(text, "Log in with Northwind &lt;ID&gt;") {
		t.Error(text)
	}
	v := a.visit()
	if status, text := a.logIn(v, "erika"); status != 200 || !strings.Contains(text, "What to do next") {
		t.Fatal(status, text)
	}
	if _, text, _ := v.do("GET", "/sessions"); !strings.Contains(text, "Northwind &lt;ID&gt; (OpenID Connect)") {
		t.Error(text)
	}
	if said := a.people.(*people).said; said[len(said)-1] != "erika logged in by OpenID Connect at Northwind <ID>" {
		t.Error(said)
	}
	// What was just shown there counts for a decision, and for a passkey beside it.
	if status, _, _ := v.do("POST", "/findings/F-AAAAAAAAAA/decisions", form(url.Values{"kind": {"extension"}})); status != 200 {
		t.Error(status)
	}
	if status := newAuthenticator(a.Server, "erika").register(v, "erika"); status != 204 {
		t.Error(status)
	}
	for user, why := range map[string]string{"one-factor": "two factors", "unverified": "did not verify", "stranger": "nobody of the estate", "left": "nobody of the estate"} {
		v := a.visit()
		if status, text := a.logIn(v, user); status != 403 || !strings.Contains(text, why) || strings.Contains(text, "amr") {
			t.Error(user, status, text)
		}
		if status, _, _ := v.do("GET", "/"); status != 401 {
			t.Error(user, "is in:", status)
		}
	}
	for name, lies := range map[string]oidctest.Lies{
		"audience": {Claims: func(all map[string]any) { all["aud"] = "x" }},
		"issuer":   {Claims: func(all map[string]any) { all["iss"] = "https://evil.example" }},
		"nonce":    {Claims: func(all map[string]any) { all["nonce"] = "x" }},
		"expired":  {Claims: func(all map[string]any) { all["exp"] = time.Now().Add(-time.Second).Unix() }},
		"key":      {Key: oidctest.NewKey()},
		"ahead":    {Ahead: 2 * time.Minute},
	} {
		a.Lie(lies)
		v := a.visit()
		if status, text := a.logIn(v, "erika"); status != 403 || !strings.Contains(text, "Not logged in") {
			t.Error(name, status, text)
		}
		if status, _, _ := v.do("GET", "/"); status != 401 {
			t.Error(name, status)
		}
	}
	a.Lie(oidctest.Lies{})
	if status, _ := a.logIn(a.visit(), "erika"); status != 200 {
		t.Error(status)
	}
}

// TestProviderBrought: what a provider sends back is good once, in time, for the browser that went there.
func TestProviderBrought(t *testing.T) {
	a := served(t)
	in := func(v visitor) bool {
		status, _, _ := v.do("GET", "/findings")
		return status == 200
	}
	// Replayed.
	v := a.visit()
	_, brought := a.begun(v, "/log-in/provider/begin", "erika")
	if status, text := a.finish(v, brought); status != 200 || !in(v) {
		t.Fatal(status, text)
	}
	for name, again := range map[string]visitor{"the same browser": v, "another one": a.visit()} {
		if status, _ := a.finish(again, brought); status != 403 {
			t.Errorf("replayed by %s: %d", name, status)
		}
	}
	// Somebody leads another's browser to their own log-in, or takes another's.
	thief, victim := a.visit(), a.visit()
	_, of := a.begun(thief, "/log-in/provider/begin", "sam")
	if status, _ := a.finish(victim, of); status != 403 || in(victim) {
		t.Error("a browser that began nothing:", status)
	}
	_, hers := a.begun(victim, "/log-in/provider/begin", "erika")
	if status, _ := a.finish(victim, of); status != 403 || in(victim) {
		t.Error("a log-in of another browser:", status)
	}
	if status, _ := a.finish(thief, hers); status != 403 || in(thief) {
		t.Error("another's answer:", status)
	}
	// The state of one's own with another's code: PKCE and nonce.
	_, of = a.begun(thief, "/log-in/provider/begin", "sam")
	_, hers = a.begun(victim, "/log-in/provider/begin", "erika")
	of.Set("code", hers.Get("code"))
	if status, _ := a.finish(thief, of); status != 403 || in(thief) {
		t.Error("another's code:", status)
	}
	// Late, large, an error, another ceremony, another site.
	v = a.visit()
	_, brought = a.begun(v, "/log-in/provider/begin", "erika")
	a.clock.at = a.clock.at.Add(ceremonyTime)
	if status, _ := a.finish(v, brought); status != 403 || in(v) {
		t.Error("late:", status)
	}
	a.clock.at = time.Now()
	if status, text, _ := v.do("GET", ProviderBack+"?code="+strings.Repeat("x", maxBrought+1)); status != 400 {
		t.Error(status, text)
	}
	if _, text, _ := v.do("GET", ProviderBack+"?code="+url.QueryEscape(evil)); strings.Contains(text, "<script>a") {
		t.Error(text)
	}
	_, brought = a.begun(v, "/log-in/provider/begin", "erika")
	brought.Set("error", "access_denied")
	if status, text := a.finish(v, brought); status != 403 || !strings.Contains(text, "let nobody in") {
		t.Error(status, text)
	}
	_, brought = a.begun(v, "/log-in/provider/begin", "erika")
	v.do("POST", "/log-in/passkey/begin")
	if status, _ := a.finish(v, brought); status != 403 {
		t.Error("by the ceremony of a passkey:", status)
	}
	for _, path := range []string{"/log-in/provider/begin", "/log-in/provider/finish"} {
		if status, _, _ := v.do("POST", path, header("Sec-Fetch-Site", "cross-site")); status != 403 {
			t.Error("from another site:", path, status)
		}
	}
	if in(v) {
		t.Error("one of them is in")
	}
	// Who guesses waits.
	for range 5 {
		v.do("POST", "/log-in/provider/finish", form(brought))
	}
	for _, path := range []string{"/log-in/provider/begin", "/log-in/provider/finish"} {
		if status, _, _ := a.visit().do("POST", path); status != 429 {
			t.Error(path, status)
		}
	}
}

// TestProviderAway: that the provider does not answer is said, and tried again; without one there is no such page.
func TestProviderAway(t *testing.T) {
	a := served(t)
	a.Lie(oidctest.Lies{Away: true})
	status, text, h := a.visit().do("POST", "/log-in/provider/begin")
	if status != 503 || !strings.Contains(text, "does not answer") || h.Get("Retry-After") == "" {
		t.Error(status, text)
	}
	a.Lie(oidctest.Lies{})
	a.clock.at = a.clock.at.Add(5 * time.Second)
	v := a.visit()
	_, brought := a.begun(v, "/log-in/provider/begin", "erika")
	for _, lies := range []oidctest.Lies{{Away: true}, {Size: 2 << 20}} {
		a.Lie(lies)
		if status, text := a.finish(v, brought); status == 200 || strings.Contains(text, "What to do next") {
			t.Error(status, text)
		}
		a.Lie(oidctest.Lies{})
		_, brought = a.begun(v, "/log-in/provider/begin", "erika")
	}
	if status, _ := a.finish(v, brought); status != 200 {
		t.Error(status)
	}
	a.provider = nil
	for _, x := range []string{"POST /log-in/provider/begin", "GET " + ProviderBack, "POST /step-up/provider"} {
		method, path, _ := strings.Cut(x, " ")
		if status, _, _ := v.do(method, path); status != 404 {
			t.Error(x, status)
		}
	}
	if _, text, _ := a.visit().do("GET", "/"); strings.Contains(text, "/log-in/provider") {
		t.Error("a provider that there is not is offered")
	}
}

// TestProviderStepUp: an old log-in decides after the person showed anew who they are, at the provider, as the same person, in
// the same session; and what the provider remembers does not count.
func TestProviderStepUp(t *testing.T) {
	a := served(t)
	v := a.visit()
	if status, text := a.logIn(v, "erika"); status != 200 {
		t.Fatal(status, text)
	}
	ask := func() int {
		status, _, _ := v.do("POST", "/findings/F-AAAAAAAAAA/decisions", form(url.Values{"kind": {"extension"}}))
		return status
	}
	ahead := freshTime
	later := func() {
		a.clock.at = time.Now().Add(ahead)
		a.Lie(oidctest.Lies{Ahead: ahead})
	}
	later()
	if ask() != 403 {
		t.Fatal("an old log-in decides")
	}
	if _, text, _ := v.do("GET", "/step-up?next=/findings/F-AAAAAAAAAA"); !strings.Contains(text, "Show at Northwind &lt;ID&gt;") {
		t.Error(text)
	}
	to := form(url.Values{"next": {"/findings/F-AAAAAAAAAA"}})
	for name, claims := range map[string]func(map[string]any){
		"what it remembers": func(all map[string]any) { all["auth_time"] = a.clock.at.Add(-2 * time.Minute).Unix() },
		"no time":           func(all map[string]any) { delete(all, "auth_time") },
		"one factor":        func(all map[string]any) { all["amr"] = []string{"pwd"} },
	} {
		a.Lie(oidctest.Lies{Ahead: ahead, Claims: claims})
		_, brought := a.begun(v, "/step-up/provider", "erika", to)
		if status, text := a.finish(v, brought); status != 403 || ask() != 403 {
			t.Error(name, status, text)
		}
	}
	later()
	_, brought := a.begun(v, "/step-up/provider", "sam", to)
	if status, text := a.finish(v, brought); status != 403 || !strings.Contains(text, "somebody else") || ask() != 403 {
		t.Error(status, text)
	}
	// A step-up does not log in.
	_, brought = a.begun(v, "/step-up/provider", "erika", to)
	u, err := url.Parse(v.base)
	if err != nil {
		t.Fatal(err)
	}
	without := a.visit()
	for _, k := range v.Jar.Cookies(u) {
		if strings.Contains(k.Name, ceremonyCookie) {
			without.Jar.SetCookies(u, []*http.Cookie{k})
		}
	}
	if status, _ := a.finish(without, brought); status != 403 {
		t.Error("without its session:", status)
	}
	_, brought = a.begun(v, "/step-up/provider", "erika", to)
	old := v.Jar.Cookies(u)
	if status, text := a.finish(v, brought); status != 200 || !strings.Contains(text, "Violated") || ask() != 200 {
		t.Error(status, text)
	}
	if status, _, _ := a.visit().do("GET", "/findings", func(r *http.Request) {
		for _, k := range old {
			r.AddCookie(k)
		}
	}); status != 401 {
		t.Error("the session kept its token over a step-up:", status)
	}
	ahead = 2 * freshTime
	later()
	if ask() != 403 {
		t.Error("a step-up counts too long")
	}
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`} {
		_, brought := a.begun(v, "/step-up/provider", "erika", form(url.Values{"next": {next}}))
		v.Client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path != "/decisions" || r.URL.Host != u.Host {
				t.Errorf("%s leads to %s", next, r.URL)
			}
			return nil
		}
		if status, text := a.finish(v, brought); status != 200 {
			t.Error(next, status, text)
		}
	}
	link := a.visit()
	link.do("POST", "/log-in/"+a.Link())
	if status, _, _ := link.do("POST", "/step-up/provider"); status != 422 {
		t.Error("the link of the terminal steps up:", status)
	}
}

// TestEndedAtProvider: a session that was begun at the provider ends when the provider says so, and no other one; whoever else says so is not believed.
func TestEndedAtProvider(t *testing.T) {
	a := served(t)
	erika, again, sam := a.visit(), a.visit(), a.visit()
	for v, user := range map[visitor]string{erika: "erika", again: "erika", sam: "sam"} {
		if status, text := a.logIn(v, user); status != 200 {
			t.Fatal(user, status, text)
		}
	}
	byPasskey, _ := logged(t, a.Server, a.visit, "erika")
	says := func(token string) int {
		t.Helper()
		status, _, _ := a.visit().do("POST", ProviderEnded, form(url.Values{"logout_token": {token}}))
		a.throttle.Succeeded("127.0.0.1")
		return status
	}
	in := func(want ...bool) {
		t.Helper()
		for i, v := range []visitor{erika, again, sam, byPasskey} {
			if status, _, _ := v.do("GET", "/"); (status == 200) != want[i] {
				t.Errorf("browser %d: %d", i, status)
			}
		}
	}
	in(true, true, true, true)
	for name, token := range map[string]string{"nothing": "", "nonsense": "x", "another client": a.Ended("1", "", func(all map[string]any) { all["aud"] = "x" }), "long": strings.Repeat("x", maxBrought+1)} {
		if status := says(token); status != 400 {
			t.Error(name, status)
		}
	}
	if status := says(a.Ended("77", "", nil)); status != 200 {
		t.Error("of somebody who is not here:", status)
	}
	in(true, true, true, true)
	if status := says(a.Ended("1", "", nil)); status != 200 {
		t.Error(status)
	}
	in(false, false, true, true)
	if said := a.people.(*people).said; !strings.Contains(strings.Join(said, "\n"), "Northwind <ID>") {
		t.Error(said)
	}
	// Who logs out here is told that the session there goes on, and where it is ended.
	_, text, _ := sam.do("POST", "/log-out")
	if !strings.Contains(text, "goes on") || !strings.Contains(text, "Log out at Northwind &lt;ID&gt; too") {
		t.Error(text)
	}
	if _, text, _ := byPasskey.do("POST", "/log-out"); strings.Contains(text, "Northwind") {
		t.Error(text)
	}
}
