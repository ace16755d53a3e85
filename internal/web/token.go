package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/event"
)

// Tokens are kept for programs, and what was answered to their writes.
type Tokens interface {
	Tokens(ctx context.Context) ([]access.Token, error)
	// Token gives the one whose secret has a digest. ErrNone: there is none.
	Token(ctx context.Context, digest string) (access.Token, error)
	AddToken(ctx context.Context, t access.Token, digest string, e ...event.Event) error
	UseToken(ctx context.Context, id string, at time.Time) error
	// RevokeToken ends one. ErrNone: there is none of that id that still holds.
	RevokeToken(ctx context.Context, id string, at time.Time, e ...event.Event) error
	// Begin notes that something is being done under a key; was is what was noted under it before, nil: nothing.
	Begin(ctx context.Context, person, key, asked string, now time.Time) (was *Answer, err error)
	// Answered keeps the answer; status 0 forgets that something was begun.
	Answered(ctx context.Context, person, key string, a Answer) error
}

// Answer is what was answered to a write that carried a key.
type Answer struct {
	Asked  string // digest of what was asked
	Status int    // 0: it is being done, or whoever did it died
	Body   string
}

type (
	tokenKey struct{}
	freshKey struct{}
)

// tokenOf gives the token that a request came with.
func tokenOf(ctx context.Context) (access.Token, bool) {
	t, ok := ctx.Value(tokenKey{}).(access.Token)
	return t, ok
}

// usedEvery is how exactly the last use of a token is known: to write it each time would cost more than to answer.
const usedEvery = time.Minute

// byToken tells who asks by the token that a request carries. ErrNone: it carries none that holds, and whether it is
// unknown, over or revoked is told to nobody.
func (s *Server) byToken(r *http.Request) (access.Viewer, access.Token, error) {
	secret, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || len(secret) > 200 {
		return access.Viewer{}, access.Token{}, ErrNone
	}
	now := s.now()
	t, err := s.tokens.Token(r.Context(), access.TokenDigest(secret))
	if err == nil && !t.Holds(now) {
		err = ErrNone
	}
	if err != nil {
		if errors.Is(err, ErrNone) {
			s.failedLogIn(r, source(r))
		}
		return access.Viewer{}, access.Token{}, err
	}
	v, err := s.people.Viewer(r.Context(), t.Person)
	if err != nil {
		return access.Viewer{}, access.Token{}, err
	}
	if now.Sub(t.Used) >= usedEvery {
		if err := s.tokens.UseToken(r.Context(), t.ID, now); err != nil {
			return access.Viewer{}, access.Token{}, err
		}
	}
	return v.Limited(t.Scope), t, nil
}

func (s *Server) tokenList(w http.ResponseWriter, r *http.Request) {
	all, err := s.tokensOf(r.Context(), viewer(r))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, tokensPage(viewer(r), all, s.now()))
}

func (s *Server) addToken(w http.ResponseWriter, r *http.Request) {
	if !s.isFresh(w, r) {
		return
	}
	v, now := viewer(r), s.now()
	if err := r.ParseForm(); err != nil {
		s.done(w, r, &Refused{"The form could not be read: " + err.Error()}, "")
		return
	}
	until := now.AddDate(0, 0, 90)
	if text := r.PostForm.Get("until"); text != "" {
		var err error
		if until, err = time.Parse(time.DateOnly, text); err != nil {
			s.done(w, r, &Refused{"The end is no day; write it as 2027-03-31."}, "")
			return
		}
		until = until.AddDate(0, 0, 1) // the whole of that day
	}
	var scope []access.Permission
	for _, p := range r.PostForm["scope"] {
		scope = append(scope, access.Permission(p))
	}
	t, secret, digest, err := access.NewToken(v, r.PostForm.Get("name"), scope, until, now)
	if err != nil {
		s.done(w, r, &Refused{err.Error()}, "")
		return
	}
	if err := s.tokens.AddToken(r.Context(), t, digest, s.make.TokenMade(t.ID, t.Person, now)); err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, tokenPage(v, t, secret, s.origin))
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request) {
	v, id := viewer(r), r.PostFormValue("id")
	own, err := s.tokensOf(r.Context(), v)
	if err == nil {
		err = ErrNone
		for _, t := range own {
			if t.ID == id {
				err = s.tokens.RevokeToken(r.Context(), id, s.now(), s.make.TokenRevoked(id, t.Person, v.Person, s.now()))
			}
		}
	}
	if err != nil && !errors.Is(err, ErrNone) {
		s.failed(w, r, err)
		return
	}
	s.done(w, r, err, "/tokens")
}

// scopeWords say what a permission is to who makes a token.
func scopeWords(p access.Permission) string {
	switch p {
	case access.SeeFindings:
		return "read findings, requirements, systems, vulnerabilities"
	case access.SeeDecisions:
		return "read decisions"
	case access.Request:
		return "ask for decisions"
	case access.SeeAgents:
		return "read agents"
	case access.SeeRuns:
		return "read runs"
	case access.SeeLedger:
		return "read the ledger"
	}
	return string(p)
}

func scopes(all []access.Permission) string {
	out := make([]string, len(all))
	for i, p := range all {
		out[i] = scopeWords(p)
	}
	return strings.Join(out, "; ")
}
