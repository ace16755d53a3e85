package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"sync"
	"time"
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
	mu    sync.Mutex
	once  [32]byte  // of the link that waits
	until time.Time // zero: none waits
	all   map[[32]byte]session
}

type session struct {
	person      string // empty: who came by the link of the terminal
	since, seen time.Time
	fresh       time.Time // when a passkey was shown last
}

func newSessions() *sessions { return &sessions{all: map[[32]byte]session{}} }

// token is 256 bits of randomness and its hash.
func token() (string, [32]byte) {
	var b [32]byte
	rand.Read(b[:])
	text := base64.RawURLEncoding.EncodeToString(b[:])
	return text, sha256.Sum256([]byte(text))
}

func (s *sessions) link(now time.Time) string {
	text, hash := token()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.once, s.until = hash, now.Add(linkTime)
	return text
}

// holds tells whether a link is the one that waits. Looking at it does not use it up: mail programs and browsers look ahead.
func (s *sessions) holds(text string, now time.Time) bool {
	hash := sha256.Sum256([]byte(text))
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Before(s.until) && subtle.ConstantTimeCompare(hash[:], s.once[:]) == 1
}

// use takes the link, and gives the token of a new session for it.
func (s *sessions) use(text string, now time.Time) (string, bool) {
	hash := sha256.Sum256([]byte(text))
	s.mu.Lock()
	defer s.mu.Unlock()
	if !now.Before(s.until) || subtle.ConstantTimeCompare(hash[:], s.once[:]) != 1 {
		return "", false
	}
	s.until = time.Time{}
	return s.add(session{since: now, seen: now}), true
}

// begin logs a person in, and gives the token of the session.
func (s *sessions) begin(person string, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(session{person, now, now, now})
}

// freshen gives a session a new token after its passkey was shown again.
func (s *sessions) freshen(r *http.Request, now time.Time) (string, bool) {
	x, ok := s.of(r, now)
	if !ok {
		return "", false
	}
	s.end(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	x.fresh = now
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
func (s *sessions) of(r *http.Request, now time.Time) (session, bool) {
	c, err := r.Cookie(cookieName)
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
	x.seen = now
	s.all[id] = x
	return x, true
}

func (s *sessions) end(r *http.Request) {
	if c, err := r.Cookie(cookieName); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.all, sha256.Sum256([]byte(c.Value)))
	}
}

func cookie(value string, age int) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: age}
}

func (s *Server) logIn(w http.ResponseWriter, r *http.Request) {
	secret, ok := s.sessions.use(r.PathValue("token"), s.now())
	if !ok {
		s.show(w, r, http.StatusForbidden, welcomePage("", false))
		return
	}
	http.SetCookie(w, cookie(secret, int(sessionTime.Seconds())))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *Server) logOut(w http.ResponseWriter, r *http.Request) {
	s.sessions.end(r)
	http.SetCookie(w, cookie("", -1))
	s.show(w, r, http.StatusOK, messagePage("Logged out", "This browser has no session any more.", nil))
}
