package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// who may pass the door of each route, as the standard's roles are: written by hand, apart from the table that is tested.
var doors = map[string]string{
	"GET /{$}":                      "security management champion team auditor administrator link",
	"GET /findings":                 "security management champion team auditor administrator link",
	"GET /findings/{id}":            "security management champion team auditor administrator link",
	"GET /requirements":             "security management champion team auditor administrator link",
	"GET /requirements/{id}":        "security management champion team auditor administrator link",
	"GET /systems":                  "security management champion team auditor administrator link",
	"GET /systems/{name}":           "security management champion team auditor administrator link",
	"GET /vulnerabilities":          "security management champion team auditor administrator link",
	"GET /endpoints":                "security management champion team auditor administrator link",
	"GET /estate":                   "security management champion team auditor administrator link",
	"GET /drift":                    "security management champion team auditor administrator link",
	"POST /drift/approve":           "security management champion team",
	"GET /settings":                 "security auditor administrator link",
	"GET /live":                     "security management champion team auditor administrator link",
	"GET /search":                   "security management champion team auditor administrator link",
	"GET /decisions":                "security management champion team auditor administrator link",
	"POST /findings/{id}/decisions": "security management champion team",
	"POST /decisions/{id}/approve":  "security management",
	"POST /decisions/{id}/refuse":   "security management",
	"POST /decisions/{id}/revoke":   "security management champion team",
	"GET /agents":                   "security auditor administrator link",
	"GET /runs":                     "security auditor administrator link",
	"GET /ledger":                   "security auditor administrator link",
	"GET /passkeys":                 "security management champion team auditor administrator link",
	"POST /passkeys/begin":          "security management champion team auditor administrator link",
	"POST /passkeys/finish":         "security management champion team auditor administrator link",
	"POST /passkeys/remove":         "security management champion team auditor administrator link",
	"POST /passkeys/invite":         "administrator link",
	"GET /sessions":                 "security management champion team auditor administrator link",
	"POST /sessions/end":            "security management champion team auditor administrator link",
	"GET /tokens":                   "security management champion team auditor administrator link",
	"POST /tokens":                  "security management champion team auditor administrator link",
	"POST /tokens/revoke":           "security management champion team auditor administrator link",
	"POST /factors/begin":           "security management champion team auditor administrator link",
	"POST /factors/finish":          "security management champion team auditor administrator link",
	"POST /factors/remove":          "security management champion team auditor administrator link",
	"GET /step-up":                  "security management champion team auditor administrator link",
	"POST /step-up/code":            "security management champion team auditor administrator link",
	"POST /step-up/provider":        "security management champion team auditor administrator link",
	"POST /step-up/begin":           "security management champion team auditor administrator link",
	"POST /step-up/finish":          "security management champion team auditor administrator link",
	"POST /log-out":                 "security management champion team auditor administrator link agent nobody",
}

// TestMatrix tries every route as every role: only who may comes through the door. What happens behind it is tested elsewhere.
func TestMatrix(t *testing.T) {
	s, _, visit := serving(t, data{})
	s.End() // who listens for changes would listen on
	const door = "None of your roles gives this"
	for _, who := range []string{"security", "management", "champion", "team", "auditor", "administrator", "agent", "nobody", "link"} {
		for _, x := range s.routes() {
			var v visitor
			if who == "link" {
				v = visit()
				v.do("POST", "/log-in/"+s.Link())
			} else {
				v = visit()
				u, _ := url.Parse(v.base)
				v.Jar.SetCookies(u, []*http.Cookie{s.sessions.cookie(s.sessions.begin(who, s.now(), s.now(), arrival{method: "test"}), 1000)})
			}
			method, path, _ := strings.Cut(x.pattern, " ")
			path = strings.NewReplacer("{$}", "", "{id}", "F-AAAAAAAAAA", "{name}", "web").Replace(path)
			status, text, _ := v.do(method, path)
			may, known := doors[x.pattern]
			if !known {
				t.Fatalf("%s is in no row of the matrix", x.pattern)
			}
			if through := !strings.Contains(text, door) && status != http.StatusUnauthorized; through != contains(may, who) {
				t.Errorf("%s as %s: %d, through the door: %t", x.pattern, who, status, through)
			}
		}
	}
	if len(doors) != len(s.routes()) {
		t.Errorf("%d rows for %d routes", len(doors), len(s.routes()))
	}
}

func contains(words, word string) bool {
	for _, w := range strings.Fields(words) {
		if w == word {
			return true
		}
	}
	return false
}

// TestOwn: somebody who sees their own sees nothing else, also when they know its id.
func TestOwn(t *testing.T) {
	s, _, visit := serving(t, data{})
	erika, _ := logged(t, s, visit, "erika") // of the team of the shop
	other, _ := logged(t, s, visit, "champion")
	for path, word := range map[string]string{"/findings": "F-AAAAAAAAAA", "/": "F-AAAAAAAAAA", "/findings/F-AAAAAAAAAA": "Violated", "/decisions": "W-AAAAAAAAAA"} {
		if status, text, _ := erika.do("GET", path); status != 200 || !strings.Contains(text, word) {
			t.Errorf("%s is not shown to who owns it: %d", path, status)
		}
		if _, text, _ := other.do("GET", path); strings.Contains(text, word) {
			t.Errorf("%s is shown to somebody else", path)
		}
	}
	if status, _, _ := other.do("GET", "/findings/F-AAAAAAAAAA"); status != 404 {
		t.Error("a finding of somebody else is not as good as none:", status)
	}
}

// TestInvite: who runs the control plane makes a link for somebody, who adds a passkey on a device of their own; each step
// is on record, and the link alone decides nothing.
func TestInvite(t *testing.T) {
	s, c, visit := serving(t, data{})
	operator := visit()
	operator.do("POST", "/log-in/"+s.Link())
	linkFor := func(person string) (int, string) {
		status, text, _ := operator.do("POST", "/passkeys/invite", form(url.Values{"person": {person}}))
		_, rest, _ := strings.Cut(text, "/log-in/")
		token, _, _ := strings.Cut(rest, "<")
		return status, token
	}
	if status, _ := linkFor("mallory"); status != 404 {
		t.Error("a link for nobody:", status)
	}
	_, replaced := linkFor("erika")
	status, token := linkFor("erika")
	_, other := linkFor("sam")
	if status != 200 || token == "" || token == replaced {
		t.Fatal(status, token)
	}
	if status, _, _ := visit().do("POST", "/log-in/"+replaced); status != 403 {
		t.Error("a link that a newer one replaced:", status)
	}
	erika := visit()
	if status, text, _ := erika.do("POST", "/log-in/"+token); status != 200 || !strings.Contains(text, "Add a passkey") || strings.Contains(text, "Make a link") {
		t.Error(status, text)
	}
	if status, _, _ := visit().do("POST", "/log-in/"+token); status != 403 {
		t.Error("a link works twice:", status)
	}
	if status, _, _ := erika.do("POST", "/findings/F-AAAAAAAAAA/decisions", form(url.Values{"kind": {"extension"}})); status != 403 || len(s.decisions.(*desk).done) > 0 {
		t.Error("a link decides:", status)
	}
	a := newAuthenticator(s, "erika")
	if status := a.register(erika, "erika"); status != 204 {
		t.Error(status)
	}
	if status := a.stepUp(erika); status != 204 {
		t.Error(status)
	}
	if status, _, _ := erika.do("POST", "/findings/F-AAAAAAAAAA/decisions", form(url.Values{"kind": {"extension"}})); status != 200 {
		t.Error(status)
	}
	c.at = c.at.Add(inviteTime)
	if status, _, _ := visit().do("POST", "/log-in/"+other); status != 403 {
		t.Error("a link works after a day:", status)
	}
	erika.do("POST", "/log-out")
	want := []string{
		"link of the terminal logged in", "a link for erika to log in once was made by link of the terminal", "a link for erika to log in once was made by link of the terminal",
		"a link for sam to log in once was made by link of the terminal", "erika logged in by a link", "a passkey of erika was added by erika",
	}
	if d := cmp.Diff(want, s.people.(*people).said); d != "" {
		t.Error(d)
	}
}

// TestDecisions: a decision wants a passkey that was just shown, and is told in the name of who showed it.
func TestDecisions(t *testing.T) {
	s, c, visit := serving(t, data{})
	d := s.decisions.(*desk)
	erika, key := logged(t, s, visit, "erika")
	asked := form(url.Values{"kind": {"extension"}, "reason": {"supplier"}, "until": {"2026-12-31"}, "done": {"d"}, "effect": {"e"}, "reference": {"r"}, "person": {"sam"}})
	if status, text, _ := erika.do("POST", "/findings/F-AAAAAAAAAA/decisions", asked); status != 200 || !strings.Contains(text, "Violated") {
		t.Error(status, text)
	}
	if len(d.done) != 1 || d.done[0] != "erika asks F-AAAAAAAAAA extension supplier d e r 2026-12-31" {
		t.Errorf("%q", d.done)
	}
	c.at = c.at.Add(freshTime)
	if status, text, _ := erika.do("POST", "/findings/F-AAAAAAAAAA/decisions", asked); status != 403 || !strings.Contains(text, "passkey") || len(d.done) != 1 {
		t.Error("an old log-in decides:", status, text)
	}
	u, _ := url.Parse(erika.base)
	old := erika.Jar.Cookies(u)
	if status := key.stepUp(erika); status != 204 {
		t.Fatal(status)
	}
	if status, _, _ := visit().do("GET", "/findings", func(r *http.Request) {
		for _, k := range old {
			r.AddCookie(k)
		}
	}); status != 401 {
		t.Error("the session kept its token over a step-up:", status)
	}
	if status := key.stepUp(erika); status != 204 {
		t.Error("a passkey that was just shown is asked for again:", status)
	}
	if status, _, _ := erika.do("POST", "/findings/F-AAAAAAAAAA/decisions", asked); status != 200 || len(d.done) != 2 {
		t.Error(status)
	}
	// Another's passkey, and an answer to a log-in, step nobody up.
	sam, samsKey := logged(t, s, visit, "sam")
	c.at = c.at.Add(freshTime)
	if status := samsKey.stepUp(erika); status != 403 {
		t.Error("another's passkey:", status)
	}
	if status := key.logIn(sam, func(answer string) string {
		if status, _, _ := sam.do("POST", "/step-up/finish", body(answer)); status != 403 {
			t.Error("an answer to a log-in steps up:", status)
		}
		return answer
	}); status != 403 {
		t.Error("an answer is good twice:", status)
	}
	if status := samsKey.stepUp(sam); status != 204 {
		t.Fatal(status)
	}
	d.done = nil
	for action, want := range map[string]string{"approve": "sam approved W-AAAAAAAAAA yes", "refuse": "sam refused W-AAAAAAAAAA yes", "revoke": "sam revoked W-AAAAAAAAAA yes"} {
		d.done = nil
		if status, _, _ := sam.do("POST", "/decisions/W-AAAAAAAAAA/"+action, form(url.Values{"why": {"yes"}})); status != 200 || len(d.done) != 1 || d.done[0] != want {
			t.Errorf("%s: %d %q", action, status, d.done)
		}
	}
	// Why something is refused is told, as text.
	d.err = &Refused{"nobody decides on their own request" + evil}
	if status, text, _ := sam.do("POST", "/decisions/W-AAAAAAAAAA/approve"); status != 422 || !strings.Contains(text, "nobody decides on their own request") || strings.Contains(text, "<script>a") {
		t.Error(status, text)
	}
	d.err = ErrNone
	if status, _, _ := sam.do("POST", "/decisions/W-AAAAAAAAAA/approve"); status != 404 {
		t.Error(status)
	}
	// Who came by the link decides nothing.
	d.done, d.err = nil, nil
	link := visit()
	link.do("POST", "/log-in/"+s.Link())
	if status, _, _ := link.do("POST", "/findings/F-AAAAAAAAAA/decisions", asked); status != 403 || len(d.done) > 0 {
		t.Error(status, d.done)
	}
	// The page offers what one may: not to decide on one's own request.
	_, hers, _ := erika.do("GET", "/decisions")
	_, his, _ := sam.do("GET", "/decisions")
	if strings.Contains(hers, "/approve") || !strings.Contains(hers, "/revoke") || !strings.Contains(his, "/approve") || !strings.Contains(his, "/revoke") {
		t.Error("the page offers something else")
	}
}
