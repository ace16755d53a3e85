package web

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/waiver"
)

func (s *Server) overview(w http.ResponseWriter, r *http.Request) {
	v := viewer(r)
	all, err := s.data.Findings(r.Context(), v, perPage)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, overviewPage(v, summary(all, s.now()), s.version))
}

func (s *Server) findings(w http.ResponseWriter, r *http.Request) {
	v := viewer(r)
	all, err := s.data.Findings(r.Context(), v, perPage)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, findingsPage(v, all, s.now()))
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

// Summary is what the overview says.
type Summary struct {
	Findings
	Overdue, Week int // among those shown
	Severities    []Count
	Shown         bool // all are counted, not only the first of them
}

// Count is how many of a name.
type Count struct {
	Name string
	N    int
}

func summary(all Findings, now time.Time) Summary {
	s := Summary{Findings: all, Shown: all.Open <= len(all.List)}
	n := map[string]int{}
	for _, f := range all.List {
		n[string(f.Severity)]++
		switch {
		case f.Due == nil:
		case f.Due.Before(now):
			s.Overdue++
		case f.Due.Before(now.AddDate(0, 0, 7)):
			s.Week++
		}
	}
	for _, name := range []string{"critical", "high", "moderate", "low", "info"} {
		if n[name] > 0 {
			s.Severities = append(s.Severities, Count{name, n[name]})
		}
	}
	return s
}
