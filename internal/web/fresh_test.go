package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestStolenSession: who has somebody's session but none of their factors changes nothing of what they log in by, makes no
// token and no link, once five minutes have passed since a factor was shown; who shows one again can do all of it.
func TestStolenSession(t *testing.T) {
	s, c, visit := serving(t, data{})
	who := s.people.(*people)
	v, key := logged(t, s, visit, "erika")
	tries := map[string]func() int{
		"a passkey": func() int { return newAuthenticator(s, "erika").register(v, "erika") },
		"a password": func() int {
			status, _, _ := v.do("POST", "/factors/begin")
			return status
		},
		"a token": func() int {
			status, _, _ := v.do("POST", "/tokens", form(url.Values{"name": {"x"}, "scope": {"findings"}}))
			return status
		},
		"no password": func() int {
			status, _, _ := v.do("POST", "/factors/remove")
			return status
		},
		"no passkey": func() int {
			status, _, _ := v.do("POST", "/passkeys/remove", form(url.Values{"id": {who.keys[0].ID}}))
			return status
		},
	}
	c.at = c.at.Add(freshTime)
	for name, try := range tries {
		if status := try(); status != 403 {
			t.Errorf("%s by a stolen session: %d", name, status)
		}
	}
	if len(who.keys) != 1 || len(s.factors.(*factors).all) != 0 || len(s.tokens.(*tokens).all) != 0 {
		t.Error("something was changed")
	}
	// What began in time does not end too late.
	if status := key.stepUp(v); status != 204 {
		t.Fatal(status)
	}
	_, text, _ := v.do("POST", "/factors/begin")
	_, rest, _ := strings.Cut(text, "<code>")
	secret, _, _ := strings.Cut(rest, "</code>")
	status, options, _ := v.do("POST", "/passkeys/begin", form(url.Values{"person": {"erika"}}))
	if len(secret) != 32 || status != 200 {
		t.Fatal(status, text)
	}
	late := newAuthenticator(s, "erika")
	late.began = options
	s.ceremonies.mu.Lock()
	for k, x := range s.ceremonies.all { // a ceremony holds for as long as a factor; here longer
		x.until = x.until.Add(time.Minute)
		s.ceremonies.all[k] = x
	}
	s.ceremonies.mu.Unlock()
	c.at = c.at.Add(freshTime)
	if status := late.register(v, "erika"); status != 403 || len(who.keys) != 1 {
		t.Error("a passkey that was begun in time:", status)
	}
	if status, _, _ := v.do("POST", "/factors/finish", form(url.Values{"password": {good}, "code": {code(t, secret, c.at)}})); status != 403 {
		t.Error("a password that was begun in time:", status)
	}
	for _, name := range []string{"a passkey", "a password", "a token", "no password", "no passkey"} {
		if status := key.stepUp(v); status != 204 {
			t.Fatal(name, status)
		}
		if status := tries[name](); status == 403 {
			t.Errorf("%s after the passkey was shown: %d", name, status)
		}
	}
}

// TestLinkAddsFirst: a link adds the first factor of its person and no second one, whichever the first was; the terminal's
// removes what was lost as long as it was just used; an administrator invites after showing a factor.
func TestLinkAddsFirst(t *testing.T) {
	s, c, visit := serving(t, data{})
	who := s.people.(*people)
	linked := func(person string) visitor {
		v := visit()
		v.do("POST", "/log-in/"+s.sessions.link(person, c.at.Add(time.Minute), c.at))
		return v
	}
	one, two, terminal := linked("erika"), linked("erika"), linked("")
	if status := newAuthenticator(s, "sam").register(one, "sam"); status != 403 {
		t.Error("a link of somebody else:", status)
	}
	// Two links began; one ends.
	a, b := newAuthenticator(s, "erika"), newAuthenticator(s, "erika")
	_, b.began, _ = two.do("POST", "/passkeys/begin", form(url.Values{"person": {"erika"}}))
	if status := a.register(one, "erika"); status != 204 {
		t.Fatal(status)
	}
	if status := b.register(two, "erika"); status != 403 {
		t.Error("a second link finishes what it began before there was a first factor:", status)
	}
	for name, v := range map[string]visitor{"the same": one, "another": linked("erika"), "the terminal's": terminal} {
		if status := newAuthenticator(s, "erika").register(v, "erika"); status != 403 {
			t.Errorf("a second passkey by %s link: %d", name, status)
		}
	}
	if status, _, _ := one.do("POST", "/factors/begin"); status != 403 {
		t.Error("a password beside a passkey by a link:", status)
	}
	enrolled(t, s, visit, "sam")
	if status := newAuthenticator(s, "sam").register(linked("sam"), "sam"); status != 403 {
		t.Error("a passkey beside a password by a link:", status)
	}
	if status, _, _ := one.do("POST", "/passkeys/remove", form(url.Values{"id": {who.keys[0].ID}})); status != 403 {
		t.Error("a link removes a passkey:", status)
	}
	// Who lost everything.
	if status, _, _ := terminal.do("POST", "/factors/remove", form(url.Values{"person": {"sam"}})); status != 200 || len(s.factors.(*factors).all) != 0 {
		t.Error("the terminal does not help who lost a password:", status)
	}
	if status, _, _ := one.do("POST", "/factors/remove", form(url.Values{"person": {"sam"}})); status != 404 {
		t.Error("a password of somebody else:", status)
	}
	c.at = c.at.Add(freshTime)
	if status, _, _ := terminal.do("POST", "/passkeys/remove", form(url.Values{"id": {who.keys[0].ID}})); status != 403 {
		t.Error("a session of the terminal removes for ever:", status)
	}
	if status, _, _ := linked("").do("POST", "/passkeys/remove", form(url.Values{"id": {who.keys[0].ID}})); status != 200 || len(who.keys) != 0 {
		t.Error("the terminal does not help who lost a passkey:", status)
	}
	if status := newAuthenticator(s, "erika").register(linked("erika"), "erika"); status != 204 {
		t.Error("a new first one:", status)
	}
	admin, key := logged(t, s, visit, "administrator")
	invite := func() int {
		status, _, _ := admin.do("POST", "/passkeys/invite", form(url.Values{"person": {"team"}}))
		return status
	}
	c.at = c.at.Add(freshTime)
	if status := invite(); status != http.StatusForbidden {
		t.Error("a stolen session of an administrator invites:", status)
	}
	if status := newAuthenticator(s, "team").register(admin, "team"); status != http.StatusForbidden {
		t.Error("a stolen session of an administrator adds for somebody else:", status)
	}
	if status := key.stepUp(admin); status != 204 || invite() != 200 {
		t.Error("an administrator does not invite:", status)
	}
}
