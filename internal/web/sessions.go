package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"holdfast.example/holdfast/internal/access"
)

type sessionKey struct{}

// slowed keeps off who failed too often, and tells how long.
func (s *Server) slowed(w http.ResponseWriter, r *http.Request, key string) bool {
	wait := s.throttle.Wait(key, s.now())
	if wait > 0 {
		tell(w, wait)
	}
	return wait > 0
}

// waits says that somebody has to wait, and how long.
type waits struct{ d time.Duration }

func (e *waits) Error() string { return "too many attempts; the next one in " + e.d.String() }

// tell tells how long somebody has to wait.
func tell(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	refuse(w, http.StatusTooManyRequests, "too many log-ins failed; try again in "+wait.Round(time.Second).String())
}

// failedLogIn notes that a log-in failed. Of many in a row the fifth, the tenth, the twentieth and so on go on record: what
// is noted of a flood is a line.
func (s *Server) failedLogIn(r *http.Request, key string) {
	s.tellFailed(r, key, s.throttle.Failed(key, s.now()))
}

// attempts takes one attempt of each key before it is looked at, so that of many at once no more than the free ones pass; false: one of
// them has to wait, and was told how long. It gives how many attempts of the first key there were in a row.
func (s *Server) attempts(w http.ResponseWriter, keys ...string) (n int, ok bool) {
	for i, key := range keys {
		wait, now := s.throttle.Try(key, s.now())
		if wait > 0 {
			tell(w, wait)
			return 0, false
		}
		if i == 0 {
			n = now
		}
	}
	return n, true
}

func (s *Server) tellFailed(r *http.Request, key string, n int) {
	if doubles(n) {
		_ = s.people.Happened(r.Context(), s.make.LogInFailed(key, n, s.now())) // whoever fails is told the same either way
	}
}

// doubles tells whether a number of failures goes on record: the fifth, the tenth, the twentieth and so on.
func doubles(n int) bool {
	for told := 5; told <= n; told *= 2 {
		if told == n {
			return true
		}
	}
	return false
}

// shown is a session as its page has it.
type shown struct {
	session
	This bool
}

// sessionsOf gives the sessions that a viewer may end: their own; who runs the control plane all.
func (s *Server) sessionsOf(ctx context.Context) (out []shown) {
	v := as(ctx)
	this, _ := ctx.Value(sessionKey{}).(string)
	for _, x := range s.sessions.list(s.now()) {
		if x.person == v.Person || v.May(access.AllPasskeys) {
			out = append(out, shown{x, x.id == this})
		}
	}
	return out
}

func (s *Server) sessionList(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, sessionsPage(viewer(r), s.sessionsOf(r.Context()), s.now()))
}

// endSession ends one session by its id, or with "others" all of one's own but this one.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	if err := s.endSessions(r.Context(), r.PostFormValue("id")); err != nil {
		s.failed(w, r, err)
		return
	}
	http.Redirect(w, r, "/sessions", http.StatusSeeOther)
}

// endSessions does so. ErrNone: there is none of that id that the viewer may end.
func (s *Server) endSessions(ctx context.Context, id string) error {
	v := as(ctx)
	this, _ := ctx.Value(sessionKey{}).(string)
	may := s.sessionsOf(ctx)
	ended := s.sessions.endBy(func(x session) bool {
		if id == "others" {
			return x.person == v.Person && x.id != this
		}
		return x.id == id && slices.ContainsFunc(may, func(y shown) bool { return y.id == id })
	})
	if len(ended) == 0 && id != "others" {
		return ErrNone
	}
	for _, who := range ended {
		if err := s.people.Happened(ctx, s.make.SessionEnded(who, v.Person, s.now())); err != nil {
			return err
		}
	}
	return nil
}
