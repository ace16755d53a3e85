package web

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/waiver"
)

// The bodies of the API. Fields are only added.

type findingBody struct {
	finding.Finding
	Doc          string          `json:"doc"`
	Remedy       string          `json:"remedy"`
	Requirements []string        `json:"requirements"`
	History      []finding.Event `json:"history"`
}

type requirementBody struct {
	ID           string            `json:"id"`
	Title        string            `json:"title"`
	Section      string            `json:"section"`
	Level        string            `json:"level"`
	Status       string            `json:"status" enum:"pass,fail,warn,justified,not_applicable,unknown"`
	Reason       string            `json:"reason"`
	Failing      int               `json:"failing"`
	Subjects     int               `json:"subjects"`
	At           time.Time         `json:"at"`
	Applications []applicationBody `json:"applications"`
	Checks       []checkBody       `json:"checks,omitempty"`
}

type applicationBody struct {
	Name      string `json:"name"`
	RiskClass string `json:"risk_class"`
	Status    string `json:"status"`
}

type checkBody struct {
	ID            string `json:"id"`
	Title         string `json:"title"`
	Level         string `json:"level"`
	Pass          int    `json:"pass"`
	Fail          int    `json:"fail"`
	Unknown       int    `json:"unknown"`
	NotApplicable int    `json:"not_applicable"`
}

func bodyOf(r Requirement) requirementBody {
	out := requirementBody{ID: r.ID, Title: r.Title, Section: r.Section, Level: string(r.Judged.Level), Status: string(r.Judged.Status), Reason: r.Judged.Reason,
		Failing: r.Judged.Failing, Subjects: r.Judged.Subjects, At: r.At.UTC(), Applications: []applicationBody{}}
	for _, a := range r.Judged.Applications() {
		out.Applications = append(out.Applications, applicationBody{a.Name, string(a.Class), string(a.Status)})
	}
	for _, c := range r.Checks {
		out.Checks = append(out.Checks, checkBody{c.ID, c.Title, string(c.Level), c.Pass, c.Fail, c.No, c.NotApplicable})
	}
	return out
}

type systemBody struct {
	System
	Subjects []picture.Subject `json:"subjects"`
	Findings []finding.Finding `json:"findings"`
}

type vulnerabilitiesBody struct {
	Items []Vulnerability `json:"items"`
	All   int             `json:"all"`
}

type decisionBody struct {
	waiver.Waiver
	State waiver.State `json:"state"`
	Hides int          `json:"hides" doc:"How many open findings it settles, or whose deadline it moves."`
	Note  string       `json:"note,omitempty"`
}

type agentBody struct {
	agent.Agent
	State    string `json:"state" doc:"How it is, in words."`
	IsSilent bool   `json:"is_silent"`
}

type runBody struct {
	ID           string    `json:"id"`
	Started      time.Time `json:"started"`
	Finished     time.Time `json:"finished"`
	Version      string    `json:"version"`
	EstateDigest string    `json:"estate_digest,omitempty"`
	Targets      []string  `json:"targets"`
}

type ledgerBody struct {
	Size  uint64      `json:"size"`
	Root  []byte      `json:"root"`
	Key   string      `json:"key"`
	Items []entryBody `json:"items"`
}

type entryBody struct {
	Index uint64    `json:"index"`
	At    time.Time `json:"at"`
	ID    string    `json:"id"`
	Words string    `json:"words"`
}

func writeProblem(w io.Writer, p *huma.ErrorModel) error { return json.NewEncoder(w).Encode(p) }

// encodeCursor hides that a place is a number, so that it can become something else.
func encodeCursor(n int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("n" + strconv.Itoa(n)))
}

// decodeCursor reads one; what is none begins at the beginning.
func decodeCursor(s string) int {
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return 0
	}
	rest, ok := strings.CutPrefix(string(data), "n")
	n, err := strconv.Atoi(rest)
	if !ok || err != nil || n < 0 {
		return 0
	}
	return n
}
