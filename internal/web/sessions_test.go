package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestSessions: who is logged in sees where, ends one session or all others, and never those of somebody else; an administrator
// ends any. What the page shows opens nothing.
func TestSessions(t *testing.T) {
	s, _, visit := serving(t, data{})
	first, _ := logged(t, s, visit, "erika")
	second, _ := logged(t, s, visit, "erika")
	sam, _ := logged(t, s, visit, "sam")
	admin, _ := logged(t, s, visit, "administrator")
	status, text, _ := first.do("GET", "/sessions", header("User-Agent", "Firefox "+evil))
	if status != 200 || strings.Count(text, ">erika<") != 2 || strings.Contains(text, ">sam<") || strings.Count(text, "this one") != 1 || !strings.Contains(text, "127.0.0.1") {
		t.Error(status, text)
	}
	idOf := func(page, person string) string {
		_, rest, _ := strings.Cut(page, "<td>"+person+"</td>")
		for strings.Contains(rest, `name="id" value="`) {
			_, rest, _ = strings.Cut(rest, `name="id" value="`)
			id, _, _ := strings.Cut(rest, `"`)
			return id
		}
		return ""
	}
	_, all, _ := admin.do("GET", "/sessions")
	ofSam := idOf(all, "sam")
	if ofSam == "" || ofSam == "others" {
		t.Fatal(all)
	}
	intruder := visit()
	u, _ := url.Parse(intruder.base)
	intruder.Jar.SetCookies(u, []*http.Cookie{s.sessions.cookie(ofSam, 1000)})
	if status, _, _ := intruder.do("GET", "/"); status != 401 {
		t.Error("the id of a session opens it:", status)
	}
	if status, _, _ := first.do("POST", "/sessions/end", form(url.Values{"id": {ofSam}})); status != 404 {
		t.Error("somebody ends the session of another:", status)
	}
	if status, _, _ := sam.do("GET", "/"); status != 200 {
		t.Error(status)
	}
	if status, _, _ := admin.do("POST", "/sessions/end", form(url.Values{"id": {ofSam}})); status != 200 {
		t.Error(status)
	}
	if status, _, _ := sam.do("GET", "/"); status != 401 {
		t.Error("a session that was ended goes on:", status)
	}
	if status, _, _ := first.do("POST", "/sessions/end", form(url.Values{"id": {"others"}})); status != 200 {
		t.Error(status)
	}
	if status, _, _ := second.do("GET", "/"); status != 401 {
		t.Error("another session goes on:", status)
	}
	if status, _, _ := first.do("GET", "/"); status != 200 {
		t.Error("one's own session ended:", status)
	}
	said := strings.Join(s.people.(*people).said, "\n")
	if !strings.Contains(said, "a session of sam was ended by administrator") || !strings.Contains(said, "a session of erika was ended by erika") {
		t.Error(said)
	}
}

// TestThrottled: who guesses is slowed down, by link and by token, and told how long; a while later one gets in.
func TestThrottled(t *testing.T) {
	s, c, visit := serving(t, data{})
	for i := range 5 {
		if status, _, _ := visit().do("POST", "/log-in/guess"); status != 403 {
			t.Error(i, status)
		}
	}
	status, text, h := visit().do("POST", "/log-in/"+s.Link())
	if status != 429 || h.Get("Retry-After") != "2" || !strings.Contains(text, "try again in 1s") {
		t.Error(status, h, text)
	}
	if status, _, _ := visit().do("GET", "/api/v1/findings", header("Authorization", "Bearer x")); status != 429 {
		t.Error(status)
	}
	if status, _, _ := visit().do("POST", "/log-in/passkey/finish"); status != 429 {
		t.Error(status)
	}
	c.at = c.at.Add(2 * time.Second)
	if status, _, _ := visit().do("POST", "/log-in/"+s.Link()); status != 200 {
		t.Error(status)
	}
	for range 4 {
		if status, _, _ := visit().do("GET", "/api/v1/findings", header("Authorization", "Bearer holdfast_guess")); status != 401 {
			t.Error(status)
		}
	}
	said := s.people.(*people).said
	if n := strings.Count(strings.Join(said, "\n"), "5 log-ins in a row from 127.0.0.1 failed"); n != 1 {
		t.Errorf("%d times in %q", n, said)
	}
}
