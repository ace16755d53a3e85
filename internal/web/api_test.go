package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
)

// tokens are kept in memory.
type tokens struct {
	mu      sync.Mutex
	all     map[string]access.Token // by digest
	answers map[string]Answer
	events  []string
}

func (k *tokens) Tokens(context.Context) (out []access.Token, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, t := range k.all {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b access.Token) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (k *tokens) Token(_ context.Context, digest string) (access.Token, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, ok := k.all[digest]
	if !ok {
		return t, ErrNone
	}
	return t, nil
}

func (k *tokens) AddToken(_ context.Context, t access.Token, digest string, e ...event.Event) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[string]access.Token{}
	}
	k.all[digest] = t
	for _, x := range e {
		k.events = append(k.events, x.Message)
	}
	return nil
}

func (k *tokens) change(id string, do func(*access.Token)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for d, t := range k.all {
		if t.ID == id && t.Revoked.IsZero() {
			do(&t)
			k.all[d] = t
			return nil
		}
	}
	return ErrNone
}

func (k *tokens) UseToken(_ context.Context, id string, at time.Time) error {
	return k.change(id, func(t *access.Token) { t.Used = at })
}

func (k *tokens) RevokeToken(_ context.Context, id string, at time.Time, _ ...event.Event) error {
	return k.change(id, func(t *access.Token) { t.Revoked = at })
}

func (k *tokens) Begin(_ context.Context, person, key, asked string, _ time.Time) (*Answer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.answers == nil {
		k.answers = map[string]Answer{}
	}
	if a, ok := k.answers[person+"\x00"+key]; ok {
		return &a, nil
	}
	k.answers[person+"\x00"+key] = Answer{Asked: asked}
	return nil, nil
}

func (k *tokens) Answered(_ context.Context, person, key string, a Answer) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if a.Status == 0 {
		delete(k.answers, person+"\x00"+key)
	} else {
		k.answers[person+"\x00"+key] = a
	}
	return nil
}

// apiDoors are who may ask what of the API, written by hand apart from what is tested.
var apiDoors = map[string]string{
	"GET /findings": "security management champion team auditor administrator link", "GET /findings/{id}": "security management champion team auditor administrator link",
	"GET /overview": "security management champion team auditor administrator link", "GET /requirements": "security management champion team auditor administrator link",
	"GET /requirements/{id}": "security management champion team auditor administrator link", "GET /systems": "security management champion team auditor administrator link",
	"GET /systems/{name}": "security management champion team auditor administrator link", "GET /vulnerabilities": "security management champion team auditor administrator link",
	"GET /decisions": "security management champion team auditor administrator link", "GET /agents": "security auditor administrator link",
	"GET /runs": "security auditor administrator link", "GET /ledger": "security auditor administrator link", "GET /tokens": "security management champion team auditor administrator link",
	"POST /findings/{id}/decisions": "security management champion team", "POST /decisions/{id}/approve": "security management", "POST /decisions/{id}/refuse": "security management",
	"POST /decisions/{id}/revoke": "security management champion team",
	"GET /systems/{name}/sbom":    "security management champion team auditor administrator link", "GET /certificates": "security management champion team auditor administrator link", "GET /endpoints": "security management champion team auditor administrator link", "GET /estate": "security management champion team auditor administrator link",
	"GET /search": "security management champion team auditor administrator link", "GET /drift": "security management champion team auditor administrator link",
	"GET /sessions": "security management champion team auditor administrator link", "POST /sessions/{id}/end": "security management champion team auditor administrator link",
	"GET /settings": "security auditor administrator link", "POST /drift/approve": "security management champion team",
}

// TestMatrixOfPrograms tries every operation as every role.
func TestMatrixOfPrograms(t *testing.T) {
	s, _, visit := serving(t, data{})
	if len(apiDoors) != len(s.described) {
		t.Errorf("%d rows for %d operations", len(apiDoors), len(s.described))
	}
	for _, who := range []string{"security", "management", "champion", "team", "auditor", "administrator", "agent", "nobody", "link"} {
		for _, o := range s.described {
			v := visit()
			if who == "link" {
				v.do("POST", "/log-in/"+s.Link())
			} else {
				u, _ := url.Parse(v.base)
				v.Jar.SetCookies(u, []*http.Cookie{s.sessions.cookie(s.sessions.begin(who, s.now(), s.now(), arrival{method: "test"}), 1000)})
			}
			path := strings.NewReplacer("{id}", "F-AAAAAAAAAA", "{name}", "web").Replace(o.path)
			status, text, _ := v.do(o.method, path, func(r *http.Request) {
				if o.method == "POST" {
					sends(`{"kind":"extension"}`)(r)
				}
			})
			may, known := apiDoors[o.method+" "+strings.TrimPrefix(o.path, apiRoot)]
			if !known {
				t.Fatalf("%s %s is in no row of the matrix", o.method, o.path)
			}
			if through := !strings.Contains(text, "none of your roles gives this") && status != http.StatusUnauthorized; through != contains(may, who) {
				t.Errorf("%s %s as %s: %d %s", o.method, o.path, who, status, text)
			}
		}
	}
}

func sends(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Body = http.NoBody
		if text != "" {
			r.Body, r.ContentLength = nopCloser{bytes.NewReader([]byte(text))}, int64(len(text))
		}
		r.Header.Set("Content-Type", "application/json")
	}
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// tokenFor makes one as its person does, in the browser.
func tokenFor(t *testing.T, s *Server, visit func() visitor, person, name string, scope ...string) string {
	t.Helper()
	v, _ := logged(t, s, visit, person)
	status, text, _ := v.do("POST", "/tokens", form(url.Values{"name": {name}, "scope": scope}))
	_, rest, _ := strings.Cut(text, "<code>")
	secret, _, _ := strings.Cut(rest, "</code>")
	if status != 200 || !strings.HasPrefix(secret, "holdfast_") {
		t.Fatal(status, text)
	}
	return secret
}

// TestTokens: a token does what it was made for, as long as it holds and its person is there; what it is not for, it may
// not, whatever its person may.
func TestTokens(t *testing.T) {
	s, c, visit := serving(t, data{})
	secret := tokenFor(t, s, visit, "erika", "dashboard", "findings")
	program := func(path string, more ...func(*http.Request)) (int, string) {
		v := visit()
		status, text, _ := v.do("GET", path, append(more, header("Authorization", "Bearer "+secret))...)
		return status, text
	}
	if status, text := program("/api/v1/findings"); status != 200 || !strings.Contains(text, "F-AAAAAAAAAA") {
		t.Error(status, text)
	}
	if status, _ := program("/api/v1/decisions"); status != 403 {
		t.Error("a token does what it was not made for:", status)
	}
	if status, _ := program("/findings"); status != 401 {
		t.Error("a token opens pages:", status)
	}
	for _, x := range []string{"", "Bearer ", "Bearer x", "bearer " + secret, "Bearer " + secret + "x", "Basic " + secret, "Bearer " + strings.Repeat("x", 10000)} {
		v := visit()
		if status, _, h := v.do("GET", "/api/v1/findings", header("Authorization", x)); status != 401 || h.Get("WWW-Authenticate") == "" {
			t.Errorf("%.30q: %d", x, status)
		}
	}
	// Who sees their own sees their own by a token too.
	other := tokenFor(t, s, visit, "champion", "other", "findings")
	if status, text, _ := visit().do("GET", "/api/v1/findings", header("Authorization", "Bearer "+other)); status != 200 || strings.Contains(text, "F-AAAAAAAAAA") {
		t.Error(status, text)
	}
	// A session beside a bad token is not taken in its place.
	erika, _ := logged(t, s, visit, "erika")
	if status, _, _ := erika.do("GET", "/api/v1/findings", header("Authorization", "Bearer x")); status != 401 {
		t.Error(status)
	}
	kept, _ := s.tokens.Tokens(t.Context())
	i := slices.IndexFunc(kept, func(t access.Token) bool { return t.Name == "dashboard" })
	if kept[i].Used.IsZero() || !kept[i].Until.Equal(c.at.AddDate(0, 0, 90)) {
		t.Errorf("%+v", kept[i])
	}
	// Nobody ends what is not theirs, and an administrator does.
	champion, _ := logged(t, s, visit, "champion")
	if status, _, _ := champion.do("POST", "/tokens/revoke", form(url.Values{"id": {kept[i].ID}})); status != 404 {
		t.Error(status)
	}
	if _, text, _ := champion.do("GET", "/tokens"); strings.Contains(text, "dashboard") {
		t.Error("tokens of others are shown")
	}
	admin, _ := logged(t, s, visit, "administrator")
	if status, _, _ := admin.do("POST", "/tokens/revoke", form(url.Values{"id": {kept[i].ID}})); status != 200 {
		t.Error(status)
	}
	if status, _ := program("/api/v1/findings"); status != 401 {
		t.Error("a revoked token works:", status)
	}
	c.at = c.at.AddDate(0, 0, 91)
	if status, _, _ := visit().do("GET", "/api/v1/findings", header("Authorization", "Bearer "+other)); status != 401 {
		t.Error("a token works after its end:", status)
	}
	if got := s.tokens.(*tokens).events; len(got) != 2 || !strings.HasSuffix(got[0], "was made by erika") {
		t.Error(got)
	}
}

// TestTokenBounds: what no token can be made for, and that making one wants a passkey.
func TestTokenBounds(t *testing.T) {
	s, c, visit := serving(t, data{})
	v, _ := logged(t, s, visit, "erika")
	for _, x := range []url.Values{
		{"scope": {"findings"}}, {"name": {"x"}}, {"name": {"x"}, "scope": {"decide"}}, {"name": {"x"}, "scope": {"own-passkeys"}}, {"name": {"x"}, "scope": {"ledger"}}, {"name": {"x"}, "scope": {"-"}},
		{"name": {"x"}, "scope": {"findings"}, "until": {"2020-01-01"}}, {"name": {"x"}, "scope": {"findings"}, "until": {"2099-01-01"}}, {"name": {"x"}, "scope": {"findings"}, "until": {"soon"}},
		{"name": {strings.Repeat("x", 101)}, "scope": {"findings"}},
	} {
		if status, text, _ := v.do("POST", "/tokens", form(x)); status != 422 {
			t.Error(x, status, text)
		}
	}
	c.at = c.at.Add(freshTime)
	if status, _, _ := v.do("POST", "/tokens", form(url.Values{"name": {"x"}, "scope": {"findings"}})); status != 403 {
		t.Error("a token without a passkey:", status)
	}
	link := visit()
	link.do("POST", "/log-in/"+s.Link())
	if status, _, _ := link.do("POST", "/tokens", form(url.Values{"name": {"x"}, "scope": {"findings"}})); status != 403 {
		t.Error("a token of the link:", status)
	}
}

// TestProgramsRead: lists with cursors, tags, descriptions, and problems in the form that programs know.
func TestProgramsRead(t *testing.T) {
	s, _, visit := serving(t, data{})
	v, _ := logged(t, s, visit, "sam")
	for path, want := range map[string]int{
		"/api/v1/findings": 200, "/api/v1/findings/F-AAAAAAAAAA": 200, "/api/v1/findings/F-ZZZZZZZZZZ": 404, "/api/v1/requirements": 200, "/api/v1/requirements/A.5.1.1": 200,
		"/api/v1/requirements/A.9.9.9": 404, "/api/v1/systems?limit=3": 200, "/api/v1/systems/prod%2Fweb-1": 200, "/api/v1/vulnerabilities": 200, "/api/v1/decisions": 200, "/api/v1/overview": 200,
		"/api/v1/tokens": 200, "/api/v1/openapi.json": 200, "/api/v1/nothing": 404, "/api/v1/": 404, "/api/v1/findings?limit=0": 422, "/api/v1/findings?limit=x": 422, "/api/v1/findings?severity=awful": 422,
		"/api/v1/findings?cursor=%27--": 422, "/api/v1/findings?colour=red": 422, "/api/v1/agents": 200, "/api/v1/runs": 200, "/api/v1/ledger": 200,
		"/api/v1/endpoints": 200, "/api/v1/systems/prod%2Fweb-1/sbom": 200, "/api/v1/systems/prod%2Fweb-1/sbom?format=spdx": 200, "/api/v1/systems/prod%2Fweb-1/sbom?format=x": 422, "/api/v1/systems/x/sbom": 404, "/api/v1/certificates": 200, "/api/v1/estate": 200, "/api/v1/drift": 200, "/api/v1/settings": 200, "/api/v1/sessions": 200, "/api/v1/search?q=web": 200, "/api/v1/search": 422, "/api/v1/search?q=nothing": 200,
	} {
		status, text, h := v.do("GET", path)
		if status != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
		if status >= 400 && h.Get("Content-Type") != "application/problem+json" || status < 400 && h.Get("ETag") == "" {
			t.Errorf("%s: %v", path, h)
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("%s: %s", path, text)
		}
	}
	for _, path := range []string{"/api/v1/findings", "/api/v1/nothing", "/api/v1/openapi.json", "/api/v1/"} {
		if status, _, h := visit().do("GET", path); status != 401 || h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d", path, status)
		}
	}
	_, text, h := v.do("GET", "/api/v1/systems?limit=3")
	var list struct {
		Items []struct{ Name string }
		Next  string
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list.Items) != 3 || list.Next == "" {
		t.Fatal(text, err)
	}
	if _, text, _ = v.do("GET", "/api/v1/systems?limit=3&cursor="+list.Next); !strings.Contains(text, "prod/3") || strings.Contains(text, "prod/2") {
		t.Error(text)
	}
	if status, text, _ := v.do("GET", "/api/v1/systems?limit=3", header("If-None-Match", `"x", W/`+h.Get("ETag"))); status != 304 || text != "" {
		t.Error(status, text)
	}
	if status, _, _ := v.do("GET", "/api/v1/systems?limit=4", header("If-None-Match", h.Get("ETag"))); status != 200 {
		t.Error(status)
	}
	var description struct {
		OpenAPI string `json:"openapi"`
		Servers []struct{ URL string }
		Paths   map[string]any `json:"paths"`
	}
	_, text, _ = v.do("GET", "/api/v1/openapi.json")
	if err := json.Unmarshal([]byte(text), &description); err != nil || !strings.HasPrefix(description.OpenAPI, "3.1") || len(description.Servers) != 1 || description.Servers[0].URL != "/api/v1" {
		t.Error(description.OpenAPI, err)
	}
	for _, o := range s.described {
		if description.Paths[strings.TrimPrefix(o.path, apiRoot)] == nil {
			t.Errorf("%s is not described", o.path)
		}
	}
}

// TestProgramsWrite: a write is done once, however often it comes; a token asks and never decides; another site does neither.
func TestProgramsWrite(t *testing.T) {
	s, c, visit := serving(t, data{})
	desk := s.decisions.(*desk)
	ask := func(v visitor, key, text string, more ...func(*http.Request)) (int, string) {
		status, got, _ := v.do("POST", "/api/v1/findings/F-AAAAAAAAAA/decisions", append(more, sends(text), header("Idempotency-Key", key))...)
		return status, got
	}
	erika, _ := logged(t, s, visit, "erika")
	for range 3 {
		if status, text := ask(erika, "1", `{"kind":"extension","reason":"x"}`); status != 204 || text != "" {
			t.Error(status, text)
		}
	}
	if status, _ := ask(erika, "1", `{"kind":"extension","reason":"y"}`); status != 422 {
		t.Error("a key with something else:", status)
	}
	if status, _ := ask(erika, "2", `{"kind":"nonsense"}`); status != 422 {
		t.Error(status)
	}
	if status, _ := ask(erika, "3", `{"kind":"extension","extra":1}`); status != 422 {
		t.Error(status)
	}
	if status, _ := ask(erika, "4", `{"kind":"extension","reason":"`+strings.Repeat("x", 70<<10)+`"}`); status != 413 {
		t.Error(status)
	}
	if status, _ := ask(erika, "5", `{"kind":"extension"}`, header("Sec-Fetch-Site", "cross-site")); status != 403 {
		t.Error("from another site:", status)
	}
	if len(desk.done) != 1 {
		t.Error(desk.done)
	}
	secret := header("Authorization", "Bearer "+tokenFor(t, s, visit, "erika", "robot", "findings", "request"))
	if status, text := ask(visit(), "6", `{"kind":"extension"}`, secret); status != 204 {
		t.Error(status, text)
	}
	if said := s.people.(*people).said; len(said) == 0 || !strings.Contains(said[len(said)-1], "asks for a decision about F-AAAAAAAAAA in the name of erika") {
		t.Error(said)
	}
	for _, x := range []string{"approve", "refuse", "revoke"} {
		if status, text, _ := visit().do("POST", "/api/v1/decisions/W-AAAAAAAAAA/"+x, secret, sends(`{"why":"x"}`)); status != 403 {
			t.Error("a token decides:", x, status, text)
		}
	}
	sam, _ := logged(t, s, visit, "sam")
	if status, text, _ := sam.do("POST", "/api/v1/decisions/W-AAAAAAAAAA/approve", sends(`{}`)); status != 204 {
		t.Error(status, text)
	}
	c.at = c.at.Add(freshTime)
	if status, _, _ := sam.do("POST", "/api/v1/decisions/W-AAAAAAAAAA/approve", sends(`{}`)); status != 403 {
		t.Error("a passkey that was shown too long ago:", status)
	}
	if len(desk.done) != 3 {
		t.Error(desk.done)
	}
}

// TestProgramsPlaces: what differs is seen by who owns it, and approved by a session with a fresh passkey alone; a session is ended by who may, and by
// no token.
func TestProgramsPlaces(t *testing.T) {
	s, clock, visit := serving(t, data{})
	erika, authenticator := logged(t, s, visit, "erika")
	other, _ := logged(t, s, visit, "champion")
	if _, text, _ := erika.do("GET", "/api/v1/drift"); !strings.Contains(text, `"subject":"prod/web-1"`) || !strings.Contains(text, `"known":true`) {
		t.Error(text)
	}
	if _, text, _ := other.do("GET", "/api/v1/drift"); strings.Contains(text, "web-1") {
		t.Error("somebody else sees it:", text)
	}
	if status, text, h := erika.do("GET", "/api/v1/systems/prod%2Fweb-1/sbom?format=spdx"); status != 200 || text != `{"form":"spdx"}` || h.Get("Content-Type") != "application/spdx+json" {
		t.Error(status, text, h)
	}
	if status, text, _ := other.do("GET", "/api/v1/systems/prod%2Fweb-1/sbom"); status != 404 {
		t.Error("somebody else has its software:", status, text)
	}
	token := tokenFor(t, s, visit, "erika", "reader", "findings", "request")
	body := `{"subject":"prod/web-1","key":"packages:curl","reason":"rolled out"}`
	approved = nil
	if status, text, _ := visit().do("POST", "/api/v1/drift/approve", sends(body), header("Authorization", "Bearer "+token)); status != 403 || len(approved) != 0 {
		t.Error("a token approves:", status, text)
	}
	clock.at = clock.at.Add(freshTime + 1)
	if status, text, _ := erika.do("POST", "/api/v1/drift/approve", sends(body)); status != 403 || len(approved) != 0 {
		t.Error("a session approves without a fresh passkey:", status, text)
	}
	authenticator.stepUp(erika)
	if status, text, _ := erika.do("POST", "/api/v1/drift/approve", sends(body)); status != 204 || len(approved) != 1 {
		t.Error(status, text, approved)
	}
	var mine, theirs struct{ Items []struct{ ID, Person string } }
	_, text, _ := erika.do("GET", "/api/v1/sessions")
	if err := json.Unmarshal([]byte(text), &mine); err != nil {
		t.Fatal(err, text)
	}
	_, text, _ = other.do("GET", "/api/v1/sessions")
	if err := json.Unmarshal([]byte(text), &theirs); err != nil || len(theirs.Items) != 1 || theirs.Items[0].Person != "champion" {
		t.Fatal(err, text)
	}
	for _, x := range mine.Items {
		if x.Person != "erika" {
			t.Errorf("%+v", x)
		}
	}
	if status, _, _ := erika.do("POST", "/api/v1/sessions/"+theirs.Items[0].ID+"/end"); status != 404 {
		t.Error("somebody ends the session of another:", status)
	}
	if status, _, _ := visit().do("POST", "/api/v1/sessions/"+mine.Items[0].ID+"/end", header("Authorization", "Bearer "+token)); status != 403 {
		t.Error("a token ends a session:", status)
	}
	if status, _, _ := other.do("POST", "/api/v1/sessions/"+theirs.Items[0].ID+"/end"); status != 204 {
		t.Error(status)
	}
	if status, _, _ := other.do("GET", "/"); status != 401 {
		t.Error("it goes on:", status)
	}
}
