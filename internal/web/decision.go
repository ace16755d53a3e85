package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/waiver"
)

// Decisions are taken by people. Who may decide what is checked by it; a Refused is told to who asked.
type Decisions interface {
	// Decisions gives those about findings that a viewer sees: what waits first, then what is in force, then the rest.
	Decisions(ctx context.Context, v access.Viewer) ([]Decision, error)
	// Ask asks for one about a finding that the viewer sees.
	Ask(ctx context.Context, v access.Viewer, finding string, w waiver.Waiver, until string) error
	// Decide approves, refuses or revokes one that the viewer sees.
	Decide(ctx context.Context, v access.Viewer, id string, action waiver.Action, why string) error
}

// Decision is one with what it does today.
type Decision struct {
	waiver.Waiver
	State waiver.State
	Hides int
	Note  string
}

// Refused says why something was not done, to who wanted it.
type Refused struct{ Text string }

func (e *Refused) Error() string { return e.Text }

// freshTime is how long a log-in or a step-up counts for decisions.
const freshTime = 5 * time.Minute

func (s *Server) decisionList(w http.ResponseWriter, r *http.Request) {
	v := viewer(r)
	all, err := s.decisions.Decisions(r.Context(), v)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, decisionsPage(v, all))
}

func (s *Server) ask(w http.ResponseWriter, r *http.Request) {
	if !s.isFresh(w, r) {
		return
	}
	x := waiver.Waiver{Kind: waiver.Kind(r.FormValue("kind")), Reason: r.FormValue("reason"), Done: r.FormValue("done"), Effect: r.FormValue("effect"), Reference: r.FormValue("reference")}
	s.done(w, r, s.decisions.Ask(r.Context(), viewer(r), r.PathValue("id"), x, r.FormValue("until")), "/findings/"+r.PathValue("id"))
}

func (s *Server) decide(action waiver.Action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.isFresh(w, r) {
			s.done(w, r, s.decisions.Decide(r.Context(), viewer(r), r.PathValue("id"), action, r.FormValue("why")), "/decisions")
		}
	}
}

// isFresh tells whether the person has just shown their passkey, which every decision wants. Who came by the link has
// none and decides nothing.
func (s *Server) isFresh(w http.ResponseWriter, r *http.Request) bool {
	v := viewer(r)
	x, ok := s.sessions.of(r, s.now())
	if ok && v.Person != "" && s.now().Sub(x.fresh) < freshTime {
		return true
	}
	s.show(w, r, http.StatusForbidden, messagePage("Nothing was recorded", "This wants your passkey, shown within the last five minutes. Go back and try again. Without one, show password and code: "+s.origin+"/step-up", &v))
	return false
}

// done goes on to a page, or says why something was not done.
func (s *Server) done(w http.ResponseWriter, r *http.Request, err error, next string) {
	var refused *Refused
	v := viewer(r)
	switch {
	case err == nil:
		http.Redirect(w, r, next, http.StatusSeeOther)
	case errors.As(err, &refused):
		s.show(w, r, http.StatusUnprocessableEntity, messagePage("Nothing was recorded", refused.Text, &v))
	default:
		s.failed(w, r, err)
	}
}
