package web

import (
	"context"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/requirement"
)

// Pictures tell how everything stands, of what a viewer sees. Ids come from whoever asks; of what a viewer may not see they
// say ErrNone.
type Pictures interface {
	Overview(ctx context.Context, v access.Viewer) (Overview, error)
	Requirements(ctx context.Context, v access.Viewer) (Requirements, error)
	Requirement(ctx context.Context, v access.Viewer, id string) (Requirement, error)
	// Stamp changes when how everything stands was worked out anew.
	Stamp(ctx context.Context) (string, error)
	Vulnerabilities(ctx context.Context, v access.Viewer) (Vulnerabilities, error)
	// Search gives what has all words of a query in its name or text, the best first.
	Search(ctx context.Context, v access.Viewer, query string) ([]Hit, error)
}

// Overview is what one sees in the morning.
type Overview struct {
	At           time.Time         `json:"at,omitzero"` // when it was drawn
	Open         int               `json:"open"`
	Overdue      int               `json:"overdue"`
	Week         int               `json:"week"`
	Settled      int               `json:"settled"`
	Severities   []Count           `json:"severities"`
	Sections     []Section         `json:"sections"`
	Applications []Application     `json:"applications"`
	Calendar     []Day             `json:"calendar"` // from today on
	Trend        []Point           `json:"trend"`    // the oldest first, today last
	Since        *Changes          `json:"since,omitempty"`
	Next         []finding.Finding `json:"next"`
}

// Tally counts requirements by status.
type Tally struct {
	Fail          int `json:"fail"`
	Unknown       int `json:"unknown"`
	Warn          int `json:"warn"`
	Justified     int `json:"justified"`
	Pass          int `json:"pass"`
	NotApplicable int `json:"not_applicable"`
}

// Add counts one.
func (t *Tally) Add(s requirement.Status) {
	switch s {
	case requirement.Fail:
		t.Fail++
	case requirement.Warn:
		t.Warn++
	case requirement.Justified:
		t.Justified++
	case requirement.Pass:
		t.Pass++
	case requirement.NotApplicable:
		t.NotApplicable++
	default:
		t.Unknown++
	}
}

// Section is a chapter of the standard.
type Section struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Tally
}

// Application is one with how it stands.
type Application struct {
	Name    string `json:"name"`
	Team    string `json:"team"`
	Class   string `json:"class"`
	Open    int    `json:"open"`
	Overdue int    `json:"overdue"`
	Tally
}

// Day is one of the calendar with what is due on it.
type Day struct {
	Date time.Time `json:"date,omitzero"`
	Due  int       `json:"due"`
}

// Point is a day of the past.
type Point struct {
	Date    time.Time `json:"date,omitzero"`
	Open    int       `json:"open"`
	Overdue int       `json:"overdue"`
	Tally
}

// Changes are what happened since somebody looked last.
type Changes struct {
	Since        time.Time         `json:"since,omitzero"`
	Opened       int               `json:"opened"`
	Closed       int               `json:"closed"`
	New          []finding.Finding `json:"new"` // of those that opened, what to do next first
	Requirements []Moved           `json:"requirements"`
}

// Moved is a requirement whose status changed.
type Moved struct {
	ID         string             `json:"id"`
	Title      string             `json:"title"`
	Was        requirement.Status `json:"was"`
	Is         requirement.Status `json:"is"`
	Worse      bool               `json:"worse"`
	ComparedTo time.Time          `json:"compared_to,omitzero"` // the day whose end it is compared to
}

// Requirements are all of the standard.
type Requirements struct {
	At   time.Time
	List []Requirement
}

// Requirement is one with how it stands.
type Requirement struct {
	*requirement.Requirement
	Judged requirement.Judgement
	At     time.Time
	Checks []CheckTally
	Faults []finding.Finding // open, what to do next first
	Open   int
}

// CheckTally is what one check came to on how many subjects.
type CheckTally struct {
	*check.Check
	Level                         check.Level
	Pass, Fail, NotApplicable, No int    // No: unknown or error
	Why                           string // one of the reasons of the unknown ones
}

// Systems are some of them.
type Systems struct {
	List []System
	All  int
}

// System is one host, endpoint, cluster or backend.
type System struct {
	Name         string    `json:"name"`
	Environment  string    `json:"environment"`
	Class        string    `json:"class"`
	Applications []string  `json:"applications"`
	Teams        []string  `json:"teams"`
	Seen         time.Time `json:"seen,omitzero"` // zero: never
	Fail         int       `json:"fail"`          // results of checks
	Unknown      int       `json:"unknown"`       // results of checks
	Pass         int       `json:"pass"`          // results of checks
	Open         int       `json:"open"`
	Overdue      int       `json:"overdue"`
	Declared     bool      `json:"declared"`
	WorstDue     time.Time `json:"worst_due,omitzero"` // zero: no deadline
	Target       string    `json:"target"`
	Zone         string    `json:"zone"`
	Exposure     string    `json:"exposure"`
	Reason       string    `json:"reason"`
}

// SystemDetail is one with all that is known of it.
type SystemDetail struct {
	System
	Requirements []Requirement // how they stand by this system alone; without checks and faults
	Subjects     []picture.Subject
	Findings     []finding.Finding
	Titles       map[string]string // of checks
}

// Vulnerabilities are the most urgent of those that are open.
type Vulnerabilities struct {
	List []Vulnerability
	All  int
}

// Vulnerability is one with where it is open.
type Vulnerability struct {
	ID        string         `json:"id"`
	Severity  check.Severity `json:"severity"` // the worst
	Findings  int            `json:"findings"`
	Systems   int            `json:"systems"`
	Due       time.Time      `json:"due,omitzero"` // the earliest; zero: no deadline
	Exploited bool           `json:"exploited"`
	EPSS      float64        `json:"epss"` // 0: not known
	Running   bool           `json:"running"`
}

// Hit is something that was searched for.
type Hit struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Text string `json:"text"`
	Path string `json:"path"` // of its page
}
