package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/drift"
)

// Places tell what stands where, of what a viewer sees. Of what a viewer may not see they say ErrNone.
type Places interface {
	// Systems gives those whose name, application, environment or team holds all words of a query, the worst first, at most limit
	// after the first ones.
	Systems(ctx context.Context, v access.Viewer, query string, after, limit int) (Systems, error)
	System(ctx context.Context, v access.Viewer, name string) (SystemDetail, error)
	// Endpoints gives certificates with the endpoints that show them, the first to end first.
	Endpoints(ctx context.Context, v access.Viewer) ([]Endpoint, error)
	// Certificates gives those that endpoints showed last, the first to end first.
	Certificates(ctx context.Context, v access.Viewer) ([]Certificate, error)
	// SBOM gives the software of a system as a list of components: cyclonedx or spdx, in JSON.
	SBOM(ctx context.Context, v access.Viewer, name, form string) ([]byte, error)
	// Estate gives environments, systems and flows.
	Estate(ctx context.Context, v access.Viewer) (Estate, error)
}

// Endpoint is one that speaks TLS, with its certificate.
type Endpoint struct {
	Address      string    `json:"address"` // shop.example:443
	IP           string    `json:"ip"`      // 192.0.2.1:443
	Grade        string    `json:"grade"`
	Protocols    []string  `json:"protocols"`
	Reasons      []string  `json:"reasons"`
	Applications []string  `json:"applications"`
	Subject      string    `json:"subject"`
	Issuer       string    `json:"issuer"`
	NotAfter     time.Time `json:"not_after,omitzero"` // zero: no certificate was seen
	Seen         time.Time `json:"seen"`
}

// Estate is what is declared, as a graph.
type Estate struct {
	Organization string        `json:"organization"`
	Environments []Environment `json:"environments"`
	Flows        []Flow        `json:"flows"`
}

// Environment is one with its systems.
type Environment struct {
	Name  string `json:"name"`
	Stage string `json:"stage"`
	Nodes []Node `json:"nodes"`
}

// Node is a system or backend, or all systems of an application where there are too many to draw.
type Node struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Zone    string `json:"zone,omitempty"`
	Path    string `json:"-"` // of its page; empty: it has none
	Open    int    `json:"open"`
	Overdue int    `json:"overdue"`
}

// Flow is who may talk to whom.
type Flow struct {
	From       string `json:"from"`
	To         string `json:"to"`
	Port       string `json:"port,omitempty"`
	Protocol   string `json:"protocol,omitempty"`
	Reason     string `json:"reason,omitempty"`
	ApprovedBy string `json:"approved_by,omitempty"`
	Encrypted  bool   `json:"encrypted"`
	Until      string `json:"until,omitempty"`
	Ended      bool   `json:"ended"`
}

// Drifts tell what differs from what was approved.
type Drifts interface {
	// Drift gives the differences of what a viewer sees, the most important first. Known is false when nothing was approved yet.
	Drift(ctx context.Context, v access.Viewer) (all []DriftGroup, known bool, err error)
	// ApproveDrift makes a part of what was seen last the baseline of a subject; without a key all of it.
	ApproveDrift(ctx context.Context, v access.Viewer, subject, key, reason string) error
}

// DriftGroup are differences that one cause made.
type DriftGroup struct {
	Subject   string       `json:"subject"`
	Key       string       `json:"key"`
	FirstSeen time.Time    `json:"first_seen"`
	Proposed  string       `json:"proposed,omitempty"` // why it is expected; empty: it is not
	Changes   []drift.Open `json:"changes"`
}

func (s *Server) endpoints(w http.ResponseWriter, r *http.Request) {
	all, err := s.places.Endpoints(r.Context(), viewer(r))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, endpointsPage(viewer(r), all, s.now()))
}

func (s *Server) estate(w http.ResponseWriter, r *http.Request) {
	e, err := s.places.Estate(r.Context(), viewer(r))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, estatePage(viewer(r), e, drawn(e)))
}

func (s *Server) drift(w http.ResponseWriter, r *http.Request) {
	all, known, err := s.drifts.Drift(r.Context(), viewer(r))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, driftPage(viewer(r), all, known))
}

func (s *Server) approveDrift(w http.ResponseWriter, r *http.Request) {
	if s.isFresh(w, r) {
		s.done(w, r, s.drifts.ApproveDrift(r.Context(), viewer(r), r.PostFormValue("subject"), r.PostFormValue("key"), r.PostFormValue("reason")), "/drift")
	}
}

func (s *Server) settings(w http.ResponseWriter, r *http.Request) {
	all, err := s.operations.Settings(r.Context())
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, settingsPage(viewer(r), all))
}

// Setting is one thing that the control plane runs with.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Change string `json:"change,omitempty"` // how it is changed
}

// days is how far an end is away, in words.
func days(end, now time.Time) string {
	n := int(end.Sub(now).Hours() / 24)
	switch {
	case end.Before(now):
		return "ended " + end.Format(time.DateOnly)
	case n == 0:
		return "ends today"
	}
	return fmt.Sprintf("%s, %s left", end.Format(time.DateOnly), count(n, "day", "days"))
}

// weeks counts the certificates that have ended, and those that end in each of the next 26 weeks.
func weeks(all []Endpoint, now time.Time) []int {
	out := make([]int, 27)
	for _, e := range all {
		switch n := int(e.NotAfter.Sub(now) / (7 * 24 * time.Hour)); {
		case e.NotAfter.IsZero():
		case e.NotAfter.Before(now):
			out[0]++
		case n < 26:
			out[n+1]++
		}
	}
	return out
}

// fits is as much of a name as a node of a graph holds.
func fits(name string) string {
	r := []rune(name)
	if len(r) <= 20 {
		return name
	}
	return string(r[:19]) + "…"
}
