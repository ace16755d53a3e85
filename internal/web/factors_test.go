package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
)

// factors are kept in memory.
type factors struct {
	mu     sync.Mutex
	all    map[string]access.Factors
	events []string
}

func (f *factors) Organization() string { return "Northwind" }

func (f *factors) Factors(_ context.Context, person string) (access.Factors, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x, ok := f.all[person]
	if !ok {
		return x, ErrNone
	}
	return x, nil
}

func (f *factors) SetFactors(_ context.Context, x access.Factors, e ...event.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = map[string]access.Factors{}
	}
	f.all[x.Person] = x
	for _, y := range e {
		f.events = append(f.events, y.Message)
	}
	return nil
}

func (f *factors) UseFactors(ctx context.Context, x, before access.Factors, e ...event.Event) error {
	if now, _ := f.Factors(ctx, x.Person); !reflect.DeepEqual(now, before) {
		return ErrNone
	}
	return f.SetFactors(ctx, x, e...)
}

func (f *factors) RemoveFactors(_ context.Context, person string, _ ...event.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.all[person]; !ok {
		return ErrNone
	}
	delete(f.all, person)
	return nil
}

// plainSeals bind a secret to a person, and hide nothing.
type plainSeals struct{}

func (plainSeals) Seal(person string, secret []byte) []byte {
	return append([]byte(person+":"), secret...)
}

func (plainSeals) Open(person string, sealed []byte) ([]byte, error) {
	s, ok := strings.CutPrefix(string(sealed), person+":")
	if !ok {
		return nil, errors.New("it is sealed for somebody else")
	}
	return []byte(s), nil
}

const good = "several words of one's own"

// enrolled sets up a password with codes for a person who came by a link, and gives the key and the recovery codes.
func enrolled(t *testing.T, s *Server, visit func() visitor, person string) (visitor, string, []string) {
	t.Helper()
	v := visit()
	v.do("POST", "/log-in/"+s.sessions.link(person, s.now().Add(time.Minute), s.now()))
	status, text, _ := v.do("POST", "/factors/begin")
	_, rest, _ := strings.Cut(text, "<code>")
	key, _, _ := strings.Cut(rest, "</code>")
	if status != 200 || len(key) != 32 || !strings.Contains(text, `<path class="ink" d="M`) {
		t.Fatal(status, text)
	}
	status, text, _ = v.do("POST", "/factors/finish", form(url.Values{"password": {good}, "code": {code(t, key, s.now())}}))
	if status != 200 || strings.Contains(text, key) || strings.Contains(text, good) {
		t.Fatal(status, text)
	}
	var recovery []string
	for part := range strings.SplitSeq(text, "<code>") {
		if c, _, ok := strings.Cut(part, "</code>"); ok {
			recovery = append(recovery, c)
		}
	}
	if len(recovery) != 10 {
		t.Fatal(recovery)
	}
	return v, key, recovery
}

func code(t *testing.T, key string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCodeCustom(key, at, codes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPasswordWithCode: both together let in, once each code; a recovery code lets in once; what is wrong is told of as one.
func TestPasswordWithCode(t *testing.T) {
	s, c, visit := serving(t, data{})
	_, key, recovery := enrolled(t, s, visit, "erika")
	in := func(person, password, code string) int {
		v := visit()
		status, _, _ := v.do("POST", "/log-in/password", form(url.Values{"person": {person}, "password": {password}, "code": {code}}))
		s.throttle.Succeeded("127.0.0.1")
		s.throttle.Succeeded(accountAt(person, "127.0.0.1"))
		s.guesses.Succeeded(person)
		if status == 200 {
			if status, text, _ := v.do("GET", "/sessions"); status != 200 || !strings.Contains(text, "password and code") {
				t.Error(status, text)
			}
		}
		return status
	}
	if in("erika", good, code(t, key, c.at)) != 403 {
		t.Error("the code that set it up lets in")
	}
	c.at = c.at.Add(time.Minute)
	now := code(t, key, c.at)
	for _, x := range [][3]string{{"erika", "wrong " + good, now}, {"erika", good, "000000"}, {"erika", good, ""}, {"erika", "", now}, {"sam", good, now}, {"nobody at all", good, now}, {"", "", ""}, {"erika", good, code(t, key, c.at.Add(-2*time.Minute))}, {"erika", good, code(t, key, c.at.Add(2*time.Minute))}} {
		if status := in(x[0], x[1], x[2]); status != 403 {
			t.Error(x, status)
		}
	}
	if in("erika", good, now) != 200 {
		t.Error("password and code do not let in")
	}
	if in("erika", good, now) != 403 {
		t.Error("a code lets in twice")
	}
	c.at = c.at.Add(time.Minute)
	if in("erika", good, code(t, key, c.at.Add(25*time.Second))) != 200 {
		t.Error("a clock that is ahead does not let in")
	}
	if in("erika", good, code(t, key, c.at)) != 403 {
		t.Error("an older code lets in after a newer one")
	}
	if in("erika", good, strings.ToLower(recovery[3])) != 200 || in("erika", good, recovery[3]) != 403 || in("erika", "wrong", recovery[4]) != 403 || in("erika", good, strings.ReplaceAll(recovery[4], "-", " ")) != 200 {
		t.Error("recovery codes")
	}
	said := strings.Join(s.factors.(*factors).events, "\n")
	if !strings.Contains(said, "a password with codes of erika was set") || !strings.Contains(said, "erika logged in by a password with a recovery code; 9 are left") || strings.Contains(said, good) || strings.Contains(said, key) {
		t.Error(said)
	}
	// Who belongs to the estate no more does not come in.
	gone := s.factors.(*factors).all["erika"]
	gone.Person, gone.Key = "gone", plainSeals{}.Seal("gone", []byte(key))
	s.factors.(*factors).all["gone"] = gone
	if status := in("gone", good, recovery[5]); status != 403 {
		t.Error("somebody who left comes in:", status)
	}
}

// TestPasswordSetUp: weak passwords are not taken, nor a code of another key; a change wants that one shows who one is.
func TestPasswordSetUp(t *testing.T) {
	s, c, visit := serving(t, data{})
	v, _, _ := enrolled(t, s, visit, "erika")
	finish := func(v visitor, password, key string) (int, string) {
		status, text, _ := v.do("POST", "/factors/finish", form(url.Values{"password": {password}, "code": {code(t, key, c.at)}}))
		return status, text
	}
	begin := func(v visitor) string {
		_, text, _ := v.do("POST", "/factors/begin")
		_, rest, _ := strings.Cut(text, "<code>")
		key, _, _ := strings.Cut(rest, "</code>")
		return key
	}
	if status, text, _ := v.do("POST", "/factors/begin"); status != 403 || !strings.Contains(text, "/step-up") {
		t.Error("a link changes what is there:", status, text)
	}
	sam := visit()
	sam.do("POST", "/log-in/"+s.sessions.link("sam", c.at.Add(time.Minute), c.at))
	key := begin(sam)
	for _, weak := range []string{"", "short", "elevenchars", "aaaaaaaaaaaaaaaa", "abababababababab", "abcdefghijklmnop", "qwertyuiopasdf", "1234567890123", "correct horse battery staple", "Correct Horse Battery Staple", "correct horse battery staple12!", "northwind2026", strings.Repeat("long ", 30)} {
		if status, text := finish(sam, weak, key); status != 422 || !strings.Contains(text, "The password is not taken") {
			t.Errorf("%q: %d", weak, status)
		}
	}
	if status, _ := finish(sam, good, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"); status != 422 {
		t.Error("a code of another key:", status)
	}
	c.at = c.at.Add(10 * time.Minute)
	if status, _ := finish(sam, good, key); status != 422 {
		t.Error("a key that was shown too long ago:", status)
	}
	link := visit()
	link.do("POST", "/log-in/"+s.Link())
	if status, _, _ := link.do("POST", "/factors/begin"); status != 422 {
		t.Error("a password of nobody:", status)
	}
}

// TestStepUpByCode: before a decision password and code are shown again, and lead nowhere else.
func TestStepUpByCode(t *testing.T) {
	s, c, visit := serving(t, data{})
	v, key, _ := enrolled(t, s, visit, "erika")
	ask := func() int {
		status, _, _ := v.do("POST", "/findings/F-AAAAAAAAAA/decisions", form(url.Values{"kind": {"extension"}}))
		return status
	}
	if ask() != 403 {
		t.Error("a link decides")
	}
	step := func(password, next string) (int, string) {
		c.at = c.at.Add(time.Minute)
		v.Client.CheckRedirect = nil
		status, _, h := v.do("POST", "/step-up/code", form(url.Values{"password": {password}, "code": {code(t, key, c.at)}, "next": {next}}))
		return status, h.Get("Content-Type")
	}
	if status, _ := step("wrong", "/"); status != 422 || ask() != 403 {
		t.Error(status)
	}
	for _, next := range []string{"/findings/F-AAAAAAAAAA", "https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"} {
		if status, _ := step(good, next); status != 200 {
			t.Error(next, status)
		}
	}
	if ask() != 200 {
		t.Error("password and code do not count")
	}
	c.at = c.at.Add(freshTime)
	if ask() != 403 {
		t.Error("they count too long")
	}
	if status, text, _ := v.do("POST", "/step-up/begin"); status != 403 || !strings.Contains(text, "/step-up") {
		t.Error(status, text)
	}
}

// TestGuessing: after five wrong ones an account waits at that source.
func TestGuessing(t *testing.T) {
	s, _, visit := serving(t, data{})
	for range 5 {
		visit().do("POST", "/log-in/password", form(url.Values{"person": {"erika"}, "password": {"x"}}))
	}
	if status, _, h := visit().do("POST", "/log-in/password", form(url.Values{"person": {"erika"}, "password": {"x"}})); status != 429 || h.Get("Retry-After") == "" {
		t.Error(status)
	}
	s.throttle.Succeeded("127.0.0.1") // another source that came in
	if status, _, _ := visit().do("POST", "/log-in/password", form(url.Values{"person": {"sam"}, "password": {"x"}})); status != 403 {
		t.Error("another account waits too:", status)
	}
}

// TestGuessingAtOnce: of many guesses that come together from one place no more are looked at than one after the other.
func TestGuessingAtOnce(t *testing.T) {
	_, _, visit := serving(t, data{})
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for range 40 {
		v := visit()
		all.Go(func() {
			status, _, _ := v.do("POST", "/log-in/password", form(url.Values{"person": {"erika"}, "password": {"x"}}))
			mu.Lock()
			defer mu.Unlock()
			got[status]++
		})
	}
	all.Wait()
	if got[403] != 5 || got[429] != 35 {
		t.Error(got)
	}
}

// TestGuessingCodes: who knows a password has few guesses of the code, from however many places and however many at once; who
// does not know it keeps nobody out.
func TestGuessingCodes(t *testing.T) {
	s, c, visit := serving(t, data{})
	_, key, recovery := enrolled(t, s, visit, "erika")
	c.at = c.at.Add(time.Minute)
	from := 0
	try := func(password, code string) int {
		from++
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/log-in/password", strings.NewReader(url.Values{"person": {"erika"}, "password": {password}, "code": {code}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Host, r.RemoteAddr = strings.TrimPrefix(s.origin, "http://"), fmt.Sprintf("10.0.%d.%d:1", from/250, from%250)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w.Code
	}
	for range 20 {
		if status := try("not hers at all", "000000"); status != 403 {
			t.Fatal(status)
		}
	}
	if status := try(good, code(t, key, c.at)); status != 303 {
		t.Fatal("wrong passwords of others keep the owner out:", status)
	}
	c.at = c.at.Add(time.Minute)
	for i := range 5 {
		if status := try(good, "000000"); status != 403 {
			t.Error(i, status)
		}
	}
	for _, guess := range []string{"000000", code(t, key, c.at), recovery[0]} {
		if status := try(good, guess); status != 429 {
			t.Errorf("the sixth guess, from elsewhere: %d", status)
		}
	}
	said := strings.Join(s.people.(*people).said, "\n")
	if strings.Count(said, "5 wrong codes in a row came with the right password of erika") != 1 {
		t.Error(said)
	}
	// By a session as well.
	v := visit()
	u, _ := url.Parse(v.base)
	v.Jar.SetCookies(u, []*http.Cookie{s.sessions.cookie(s.sessions.begin("erika", c.at, time.Time{}, arrival{method: "test"}), 1000)})
	if status, _, h := v.do("POST", "/step-up/code", form(url.Values{"password": {good}, "code": {"000000"}})); status != 429 || h.Get("Retry-After") == "" {
		t.Error("a session has more guesses:", status)
	}
	c.at = c.at.Add(2 * time.Second)
	if status := try(good, code(t, key, c.at)); status != 303 {
		t.Error("who waited does not come in:", status)
	}
}
