package web

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
)

// people are a small estate with its passkeys.
type people struct {
	list  []Person
	keys  []access.Passkey
	rules access.Rules
	roles map[string][]access.Role
	said  []string
}

// newPeople are one of each role, called by it, and some with names.
func newPeople(t *testing.T) *people {
	t.Helper()
	rules, err := access.LoadRules(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	p := &people{rules: rules, list: []Person{{"erika", "Erika Muster"}, {"sam", evil}}, roles: map[string][]access.Role{"erika": {access.Team}, "sam": {access.Security}}}
	for _, r := range rules {
		p.list = append(p.list, Person{string(r.Role), string(r.Role)})
		p.roles[string(r.Role)] = []access.Role{r.Role}
	}
	p.list = append(p.list, Person{"nobody", "without a role"})
	return p
}

func (p *people) Viewer(_ context.Context, person string) (access.Viewer, error) {
	if person == "" {
		return p.rules.As("", access.Administrator), nil
	}
	for _, x := range p.list {
		if x.ID == person {
			v := p.rules.As(person, p.roles[person]...)
			v.Name = x.Name
			if person == "erika" || person == "management" {
				v.Applications = []string{"shop"}
			}
			return v, nil
		}
	}
	return access.Viewer{}, ErrNone
}

func (p *people) People(context.Context) ([]Person, error)           { return p.list, nil }
func (p *people) Passkeys(context.Context) ([]access.Passkey, error) { return p.keys, nil }

func (p *people) Happened(_ context.Context, e ...event.Event) error {
	for _, x := range e {
		p.said = append(p.said, x.Words())
	}
	return nil
}

func (p *people) AddPasskey(ctx context.Context, k access.Passkey, e ...event.Event) error {
	for _, o := range p.keys {
		if o.ID == k.ID {
			return errors.New("it is there")
		}
	}
	p.keys = append(p.keys, k)
	return p.Happened(ctx, e...)
}

func (p *people) UsePasskey(ctx context.Context, k access.Passkey, e ...event.Event) error {
	for i, o := range p.keys {
		if o.ID == k.ID {
			p.keys[i].Used, p.keys[i].Data = k.Used, k.Data
			return p.Happened(ctx, e...)
		}
	}
	return ErrNone
}

func (p *people) RemovePasskey(ctx context.Context, id string, e ...event.Event) error {
	for i, o := range p.keys {
		if o.ID == id {
			p.keys = append(p.keys[:i:i], p.keys[i+1:]...)
			return p.Happened(ctx, e...)
		}
	}
	return ErrNone
}

// authenticator is a security key with one credential.
type authenticator struct {
	virtualwebauthn.Authenticator
	credential virtualwebauthn.Credential
	party      virtualwebauthn.RelyingParty
	began      string // options that were asked for before
}

func newAuthenticator(s *Server, person string) *authenticator {
	c := s.auth.Config
	return &authenticator{
		virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: handle(person)}),
		virtualwebauthn.NewCredentialWithImportedKey(virtualwebauthn.KeyTypeEC2, longKey()),
		virtualwebauthn.RelyingParty{Name: "Holdfast", ID: c.RPID, Origin: c.RPOrigins[0]},
		"",
	}
}

// longKey is a key whose point has no leading zero: the authenticator would leave it out, and every 128th key be refused.
func longKey() []byte {
	for {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		point, err := k.PublicKey.Bytes() // 4, x, y
		if err != nil {
			panic(err)
		}
		if point[1] == 0 || point[33] == 0 {
			continue
		}
		data, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			panic(err)
		}
		return data
	}
}

func form(values url.Values) func(*http.Request) {
	return func(r *http.Request) {
		text := values.Encode()
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body, r.ContentLength = http.NoBody, int64(len(text))
		r.Body = reader{strings.NewReader(text)}
	}
}

func body(text string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.Body, r.ContentLength = reader{strings.NewReader(text)}, int64(len(text))
	}
}

type reader struct{ *strings.Reader }

func (reader) Close() error { return nil }

// register adds a passkey for a person, and gives the status of what refused it, else 204.
func (a *authenticator) register(v visitor, person string) int {
	v.t.Helper()
	status, text := http.StatusOK, a.began
	if text == "" {
		status, text, _ = v.do("POST", "/passkeys/begin", form(url.Values{"person": {person}}))
	}
	if status != http.StatusOK {
		return status
	}
	options, err := virtualwebauthn.ParseAttestationOptions(text)
	if err != nil {
		v.t.Fatal(err)
	}
	status, _, _ = v.do("POST", "/passkeys/finish", body(virtualwebauthn.CreateAttestationResponse(a.party, a.Authenticator, a.credential, *options)))
	if status == http.StatusNoContent {
		a.AddCredential(a.credential)
	}
	return status
}

// logIn gives the answer to a log-in; change may falsify what is sent.
func (a *authenticator) logIn(v visitor, change ...func(string) string) int {
	v.t.Helper()
	status, text, _ := v.do("POST", "/log-in/passkey/begin")
	if status != http.StatusOK {
		return status
	}
	options, err := virtualwebauthn.ParseAssertionOptions(text)
	if err != nil {
		v.t.Fatal(err)
	}
	answer := virtualwebauthn.CreateAssertionResponse(a.party, a.Authenticator, a.credential, *options)
	for _, c := range change {
		answer = c(answer)
	}
	status, _, _ = v.do("POST", "/log-in/passkey/finish", body(answer))
	return status
}

func TestPasskey(t *testing.T) {
	s, c, visit := serving(t, data{})
	who := s.people.(*people)
	operator := visit()
	operator.do("POST", "/log-in/"+s.Link())
	erika, sam := newAuthenticator(s, "erika"), newAuthenticator(s, "sam")
	if status := erika.register(visit(), "erika"); status != 401 {
		t.Error("without a session:", status)
	}
	if status := erika.register(operator, "mallory"); status != 404 {
		t.Error("nobody of the estate:", status)
	}
	if status := erika.register(operator, "erika"); status != 204 {
		t.Fatal(status)
	}
	v := visit()
	if status := erika.logIn(v); status != 204 {
		t.Fatal(status)
	}
	if status, _, _ := v.do("GET", "/findings"); status != 200 {
		t.Error(status)
	}
	if who.keys[0].Used.IsZero() || who.keys[0].Person != "erika" {
		t.Errorf("%+v", who.keys[0])
	}
	// A person adds and removes their own, and sees nobody else's.
	if status := sam.register(v, "sam"); status != 403 {
		t.Error("a passkey for somebody else:", status)
	}
	if status := newAuthenticator(s, "erika").register(v, "erika"); status != 204 {
		t.Error("a second one of one's own:", status)
	}
	if status := sam.register(operator, "sam"); status != 204 {
		t.Fatal(status)
	}
	if _, text, _ := v.do("GET", "/passkeys"); strings.Contains(text, "sam") || strings.Count(text, "/passkeys/remove") != 2 {
		t.Error(text)
	}
	if status, _, _ := v.do("POST", "/passkeys/remove", form(url.Values{"id": {who.keys[2].ID}})); status != 404 || len(who.keys) != 3 {
		t.Error("somebody else's passkey is removed:", status)
	}
	if status := sam.logIn(visit()); status != 204 {
		t.Error(status)
	}
	// Removing one ends the sessions of its person.
	if status, _, _ := v.do("POST", "/passkeys/remove", form(url.Values{"id": {who.keys[0].ID}})); status != 401 && status != 200 {
		t.Error(status)
	}
	if status, _, _ := v.do("GET", "/"); status != 401 || len(who.keys) != 2 {
		t.Error("a session outlives the passkey:", status)
	}
	if status := erika.logIn(visit()); status != 403 {
		t.Error("a removed passkey logs in:", status)
	}
	// Who has left logs in no more, and is out at once.
	w := visit()
	if status := sam.logIn(w); status != 204 {
		t.Fatal(status)
	}
	who.list = slices.DeleteFunc(who.list, func(p Person) bool { return p.ID == "sam" })
	if status, _, _ := w.do("GET", "/"); status != 401 {
		t.Error("who has left is still in:", status)
	}
	if status := sam.logIn(visit()); status != 403 {
		t.Error("who has left logs in:", status)
	}
	_ = c
}

// logged is a visitor who logged in as a person by a passkey.
func logged(t *testing.T, s *Server, visit func() visitor, person string) (visitor, *authenticator) {
	t.Helper()
	operator := visit()
	operator.do("POST", "/log-in/"+s.Link())
	a := newAuthenticator(s, person)
	if has, _ := s.hasFactor(t.Context(), person); has { // a further one is theirs to add
		u, _ := url.Parse(operator.base)
		operator.Jar.SetCookies(u, []*http.Cookie{s.sessions.cookie(s.sessions.begin(person, s.now(), s.now(), arrival{method: "test"}), 1000)})
	}
	if status := a.register(operator, person); status != 204 {
		t.Fatal(status)
	}
	operator.do("POST", "/log-out")
	v := visit()
	if status := a.logIn(v); status != 204 {
		t.Fatal(status)
	}
	return v, a
}

// stepUp shows the passkey once more.
func (a *authenticator) stepUp(v visitor) int {
	v.t.Helper()
	status, text, _ := v.do("POST", "/step-up/begin")
	if status != http.StatusOK {
		return status
	}
	options, err := virtualwebauthn.ParseAssertionOptions(text)
	if err != nil {
		v.t.Fatal(err)
	}
	status, _, _ = v.do("POST", "/step-up/finish", body(virtualwebauthn.CreateAssertionResponse(a.party, a.Authenticator, a.credential, *options)))
	return status
}

// TestPasskeyRefused is what somebody without the passkey could send.
func TestPasskeyRefused(t *testing.T) {
	s, c, visit := serving(t, data{})
	operator := visit()
	operator.do("POST", "/log-in/"+s.Link())
	erika := newAuthenticator(s, "erika")
	if status := erika.register(operator, "erika"); status != 204 {
		t.Fatal(status)
	}
	if status := newAuthenticator(s, "erika").logIn(visit()); status != 403 {
		t.Error("a passkey that nobody registered:", status)
	}
	other := *erika
	other.Authenticator = virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: handle("sam")})
	if status := other.logIn(visit()); status != 403 {
		t.Error("under another's name:", status)
	}
	elsewhere := *erika
	elsewhere.party.Origin = "http://evil.example"
	if status := elsewhere.logIn(visit()); status != 403 {
		t.Error("a page of somebody else asked for it:", status)
	}
	unseen := *erika
	unseen.Authenticator = virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: handle("erika"), UserNotVerified: true})
	if status := unseen.logIn(visit()); status != 403 {
		t.Error("nobody verified who holds it:", status)
	}
	for name, change := range map[string]func(string) string{
		"signature": func(s string) string { return falsified(s, "signature") },
		"data":      func(s string) string { return falsified(s, "authenticatorData") },
		"client":    func(s string) string { return falsified(s, "clientDataJSON") },
		"nothing":   func(string) string { return "" },
		"no JSON":   func(string) string { return "{" },
		"large":     func(string) string { return `{"id":"` + strings.Repeat("a", maxBody) + `"}` },
	} {
		if status := erika.logIn(visit(), change); status != 403 {
			t.Errorf("%s: %d", name, status)
		}
		s.throttle.Succeeded("127.0.0.1") // what slows guessing down is tested apart
	}
	// An answer is good for one log-in, of the browser that asked, in time.
	v, kept := visit(), ""
	if status := erika.logIn(v, func(s string) string { kept = s; return s }); status != 204 {
		t.Fatal(status)
	}
	if status, _, _ := v.do("POST", "/log-in/passkey/finish", body(kept)); status != 403 {
		t.Error("replayed:", status)
	}
	thief := visit()
	thief.do("POST", "/log-in/passkey/begin")
	if status, _, _ := thief.do("POST", "/log-in/passkey/finish", body(kept)); status != 403 {
		t.Error("another's answer:", status)
	}
	if status := erika.logIn(visit(), func(s string) string { c.at = c.at.Add(ceremonyTime); return s }); status != 403 {
		t.Error("late:", status)
	}
	if status := erika.logIn(visit()); status != 204 {
		t.Error("the passkey itself still logs in:", status)
	}
}

func falsified(answer, field string) string {
	var m map[string]any
	if json.Unmarshal([]byte(answer), &m) != nil {
		return ""
	}
	r, ok := m["response"].(map[string]any)
	if !ok {
		return ""
	}
	text, _ := r[field].(string)
	i := len(text) / 2
	with := byte('A')
	if text[i] == 'A' {
		with = 'B'
	}
	r[field] = text[:i] + string(with) + text[i+1:]
	out, _ := json.Marshal(m)
	return string(out)
}

// TestManyCeremonies: log-ins that nobody ends fill a bounded place, for five minutes.
func TestManyCeremonies(t *testing.T) {
	_, c, visit := serving(t, data{})
	v := visit()
	last := 0
	for range maxCeremonies + 1 {
		last, _, _ = v.do("POST", "/log-in/passkey/begin")
	}
	if last != http.StatusServiceUnavailable {
		t.Error(last)
	}
	c.at = c.at.Add(ceremonyTime + time.Second)
	if status, _, _ := v.do("POST", "/log-in/passkey/begin"); status != http.StatusOK {
		t.Error(status)
	}
}
