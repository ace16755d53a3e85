package web

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast.example/holdfast/internal/access"
)

const (
	linkTime    = 10 * time.Minute
	idleTime    = 30 * time.Minute
	sessionTime = 12 * time.Hour
	maxSessions = 100
	cookieName  = "holdfast-session"
)

// sessions are who is logged in. Of tokens only hashes are held.
type sessions struct {
	mu     sync.Mutex
	secure bool // cookies travel encrypted only
	links  map[[32]byte]link
	all    map[[32]byte]session
}

// link lets one browser in, once.
type link struct {
	person string // empty: who reads the terminal
	until  time.Time
}

type session struct {
	id string // by which it is ended; it opens nothing
	arrival
	person      string // empty: who came by the link of the terminal
	since, seen time.Time
	fresh       time.Time // when a passkey was shown last
}

// arrival is how somebody logged in.
type arrival struct {
	method, source, browser string
	elsewhere               access.Elsewhere // the session at a provider by which they did
}

// arrived tells how whoever asks does.
func arrived(r *http.Request, method string) arrival {
	return arrival{method: method, source: source(r), browser: clean(r.UserAgent())}
}

// source is where a request comes from: an address, of IPv6 its network, since one who has an address there has all.
func source(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is6() && !ip.IsLoopback() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

func newSessions(secure bool) *sessions {
	return &sessions{secure: secure, links: map[[32]byte]link{}, all: map[[32]byte]session{}}
}

// token is 256 bits of randomness and its hash.
func token() (string, [32]byte) {
	var b [32]byte
	rand.Read(b[:])
	text := base64.RawURLEncoding.EncodeToString(b[:])
	return text, sha256.Sum256([]byte(text))
}

// link makes one for a person; an older one of theirs is worth nothing from then on.
func (s *sessions) link(person string, until, now time.Time) string {
	text, hash := token()
	s.mu.Lock()
	defer s.mu.Unlock()
	for h, l := range s.links {
		if l.person == person || !now.Before(l.until) {
			delete(s.links, h)
		}
	}
	s.links[hash] = link{person, until}
	return text
}

// holds tells whether a link still lets in. Looking at it does not use it up: mail programs and browsers look ahead.
func (s *sessions) holds(text string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.links[sha256.Sum256([]byte(text))]
	return ok && now.Before(l.until)
}

// use uses a link up and gives whom it lets in.
func (s *sessions) use(text string, now time.Time) (person string, ok bool) {
	hash := sha256.Sum256([]byte(text))
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.links[hash]
	delete(s.links, hash)
	return l.person, ok && now.Before(l.until)
}

// begin logs a person in, and gives the token of the session. Fresh is when they showed a passkey; zero: they did not.
func (s *sessions) begin(person string, now, fresh time.Time, how arrival) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(session{id: rand.Text(), arrival: how, person: person, since: now, seen: now, fresh: fresh})
}

// list gives those that are not over, the newest first.
func (s *sessions) list(now time.Time) (out []session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.all {
		if !x.over(now) {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b session) int { return cmp.Or(b.since.Compare(a.since), strings.Compare(a.id, b.id)) })
	return out
}

// endBy ends those that are to end, and gives whose they were.
func (s *sessions) endBy(ends func(session) bool) (whose []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for h, x := range s.all {
		if ends(x) {
			delete(s.all, h)
			whose = append(whose, x.person)
		}
	}
	return whose
}

// freshen gives a session a new token after a factor was shown again, at a time that is fresh.
func (s *sessions) freshen(r *http.Request, now, fresh time.Time) (string, bool) {
	x, ok := s.of(r, now)
	if !ok {
		return "", false
	}
	s.end(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	x.fresh = fresh
	return s.add(x), true
}

func (s *sessions) add(x session) string {
	for h, old := range s.all {
		if old.over(x.seen) || len(s.all) >= maxSessions {
			delete(s.all, h)
		}
	}
	secret, id := token()
	s.all[id] = x
	return secret
}

// endOf ends all sessions of a person.
func (s *sessions) endOf(person string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for h, x := range s.all {
		if x.person == person && person != "" {
			delete(s.all, h)
		}
	}
}

func (x session) over(now time.Time) bool {
	return now.Sub(x.since) >= sessionTime || now.Sub(x.seen) >= idleTime
}

// of gives the session that a request belongs to, and keeps it going.
func (s *sessions) of(r *http.Request, now time.Time) (session, bool) { return s.find(r, now, true) }

// look gives the session that a request belongs to, and leaves it as idle as it is.
func (s *sessions) look(r *http.Request, now time.Time) (session, bool) { return s.find(r, now, false) }

func (s *sessions) find(r *http.Request, now time.Time, seen bool) (session, bool) {
	c, err := r.Cookie(s.cookie("", 0).Name)
	if err != nil {
		return session{person: "\x00"}, false
	}
	id := sha256.Sum256([]byte(c.Value))
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.all[id]
	if ok && x.over(now) {
		delete(s.all, id)
		ok = false
	}
	if !ok {
		return session{person: "\x00"}, false // nobody is called so
	}
	if seen {
		x.seen = now
		s.all[id] = x
	}
	return x, true
}

func (s *sessions) end(r *http.Request) {
	if c, err := r.Cookie(s.cookie("", 0).Name); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.all, sha256.Sum256([]byte(c.Value)))
	}
}

func (s *sessions) cookie(value string, age int) *http.Cookie {
	return cookie(cookieName, value, age, s.secure)
}

// cookie makes one for this server alone. Encrypted, its name keeps others of the domain from setting it (RFC 6265bis, __Host-).
func cookie(name, value string, age int, secure bool) *http.Cookie {
	if secure {
		name = "__Host-" + name
	}
	return &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode, MaxAge: age}
}

func (s *Server) logIn(w http.ResponseWriter, r *http.Request) {
	if s.slowed(w, r, source(r)) {
		return
	}
	person, ok := s.sessions.use(r.PathValue("token"), s.now())
	if !ok {
		s.failedLogIn(r, source(r))
		s.show(w, r, http.StatusForbidden, welcomePage("", false))
		return
	}
	s.throttle.Succeeded(source(r))
	if err := s.people.Happened(r.Context(), s.make.LinkUsed(person, s.now())); err != nil {
		s.failed(w, r, err)
		return
	}
	http.SetCookie(w, s.sessions.cookie(s.sessions.begin(person, s.now(), time.Time{}, arrived(r, byLink)), int(sessionTime.Seconds())))
	next := "/"
	if person != "" {
		next = "/passkeys" // what the link is for
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (s *Server) logOut(w http.ResponseWriter, r *http.Request) {
	if err := s.people.Happened(r.Context(), s.make.LogOut(viewer(r).Person, s.now())); err != nil {
		s.failed(w, r, err)
		return
	}
	x, _ := s.sessions.of(r, s.now())
	s.sessions.end(r)
	http.SetCookie(w, s.sessions.cookie("", -1))
	if s.provider != nil && x.elsewhere != (access.Elsewhere{}) {
		s.show(w, r, http.StatusOK, leftPage(s.provider.Name(), s.provider.EndAddress(r.Context())))
		return
	}
	s.show(w, r, http.StatusOK, messagePage("Logged out", "This browser has no session any more.", nil))
}
