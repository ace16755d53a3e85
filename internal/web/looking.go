package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/picture"
)

// rowsShown bounds the tables of a page that is about something else.
const rowsShown = 80

func (s *Server) overview(w http.ResponseWriter, r *http.Request) {
	v := viewer(r)
	o, err := s.pictures.Overview(r.Context(), v)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, overviewPage(v, o, s.version))
}

func (s *Server) requirements(w http.ResponseWriter, r *http.Request) {
	all, err := s.pictures.Requirements(r.Context(), viewer(r))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, requirementsPage(viewer(r), all))
}

func (s *Server) requirement(w http.ResponseWriter, r *http.Request) {
	one, err := s.pictures.Requirement(r.Context(), viewer(r), r.PathValue("id"))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, requirementPage(viewer(r), one, s.now()))
}

func (s *Server) systems(w http.ResponseWriter, r *http.Request) {
	query, after := bounded(r.FormValue("q")), place(r)
	all, err := s.places.Systems(r.Context(), viewer(r), query, after, perPage)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, systemsPage(viewer(r), query, after, all, s.now()))
}

func (s *Server) system(w http.ResponseWriter, r *http.Request) {
	one, err := s.places.System(r.Context(), viewer(r), r.PathValue("name"))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, systemPage(viewer(r), one, s.now()))
}

func (s *Server) vulnerabilities(w http.ResponseWriter, r *http.Request) {
	all, err := s.pictures.Vulnerabilities(r.Context(), viewer(r))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, vulnerabilitiesPage(viewer(r), all, s.now()))
}

func (s *Server) search(w http.ResponseWriter, r *http.Request) {
	query := bounded(r.FormValue("q"))
	var hits []Hit
	if strings.TrimSpace(query) != "" {
		var err error
		if hits, err = s.pictures.Search(r.Context(), viewer(r), query); err != nil {
			s.failed(w, r, err)
			return
		}
	}
	s.show(w, r, http.StatusOK, searchPage(viewer(r), query, hits))
}

// bounded is what somebody typed, as much of it as is looked at.
func bounded(s string) string { return strings.ToValidUTF8(s[:min(len(s), 200)], "") }

// place is after how many of a list a page begins.
func place(r *http.Request) int {
	n, err := strconv.Atoi(r.FormValue("after"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// with is a query with another place.
func with(query url.Values, after int) string {
	out := url.Values{}
	for k, vs := range query {
		for _, v := range vs {
			if v != "" {
				out.Add(k, v)
			}
		}
	}
	out.Set("after", strconv.Itoa(after))
	return out.Encode()
}

// section is the chapter of a requirement: A.5.2 of A.5.2.1.
func section(id string) string { return id[:max(strings.LastIndexByte(id, '.'), 0)] }

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func ago(t, now time.Time) string {
	switch {
	case t.IsZero():
		return "never"
	case now.Sub(t) < 2*time.Minute:
		return "just now"
	}
	return check.Ago(now.Sub(t))
}

// parts are the statuses that there are, the worst first.
func (t Tally) parts() []struct {
	word, class string
	n           int
} {
	return []struct {
		word, class string
		n           int
	}{{"fail", "fail", t.Fail}, {"unknown", "unknown", t.Unknown}, {"warn", "warn", t.Warn}, {"justified", "justified", t.Justified}, {"pass", "pass", t.Pass}, {"not applicable", "not_applicable", t.NotApplicable}}
}

// values are a query as a form would send it.
func (q FindingQuery) values() url.Values {
	return url.Values{"severity": {string(q.Severity)}, "due": {q.Due}, "only": {q.Only}, "system": {q.System}, "application": {q.Application}, "vulnerability": {q.Flaw}}
}

// group are marks of one sort.
type group struct {
	word  string
	open  bool
	marks []picture.Mark
}

// grouped sorts marks, what fails first.
func grouped(marks []picture.Mark) (out []group) {
	all := []group{{"fail", true, nil}, {"are unknown", true, nil}, {"pass", false, nil}, {"do not apply", false, nil}}
	for _, m := range marks {
		i := 1
		switch m.Verdict {
		case check.Fail:
			i = 0
		case check.Pass:
			i = 2
		case check.NotApplicable:
			i = 3
		}
		all[i].marks = append(all[i].marks, m)
	}
	for _, g := range all {
		if len(g.marks) > 0 {
			out = append(out, g)
		}
	}
	return out
}
