package web

import (
	"errors"
	"net/http"
	"slices"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/waiver"
)

func (s *Server) findings(w http.ResponseWriter, r *http.Request) {
	v := viewer(r)
	q := FindingQuery{Severity: check.Severity(r.FormValue("severity")), Due: bounded(r.FormValue("due")), Only: bounded(r.FormValue("only")), System: bounded(r.FormValue("system")),
		Application: bounded(r.FormValue("application")), Flaw: bounded(r.FormValue("vulnerability")), Skip: place(r), Limit: perPage}
	all, err := s.data.Findings(r.Context(), v, q)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, findingsPage(v, q, all, s.now()))
}

func (s *Server) finding(w http.ResponseWriter, r *http.Request) {
	v := viewer(r)
	d, err := s.data.Finding(r.Context(), v, r.PathValue("id"))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	var about []Decision
	if v.May(access.SeeDecisions) {
		if about, err = s.decisions.Decisions(r.Context(), v); err != nil {
			s.failed(w, r, err)
			return
		}
		about = slices.DeleteFunc(about, func(x Decision) bool {
			return !slices.ContainsFunc(x.Covers, func(c waiver.Covered) bool { return c.Finding == d.ID })
		})
	}
	s.show(w, r, http.StatusOK, findingPage(v, d, about, s.now()))
}

func (s *Server) agents(w http.ResponseWriter, r *http.Request) {
	all, err := s.operations.Agents(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, agentsPage(viewer(r), all))
}

func (s *Server) runs(w http.ResponseWriter, r *http.Request) {
	all, err := s.operations.Runs(r.Context(), perPage)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, runsPage(viewer(r), all))
}

func (s *Server) ledger(w http.ResponseWriter, r *http.Request) {
	l, err := s.data.Ledger(r.Context(), perPage)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, ledgerPage(viewer(r), l))
}

// failed tells that something is not there, or that it cannot be had; why stands in the log of the server alone.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error) {
	v := viewer(r)
	if errors.Is(err, ErrNone) {
		s.show(w, r, http.StatusNotFound, messagePage("Nothing here", "There is no such page or finding.", &v))
		return
	}
	s.show(w, r, http.StatusInternalServerError, messagePage("This page cannot be made", "The database could not be read. On the server: holdfast doctor", &v))
}

// Count is how many of a name.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}
