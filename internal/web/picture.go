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
	// Systems gives those whose name, application or environment holds all words of a query, the worst first, at most limit
	// after the first ones.
	Systems(ctx context.Context, v access.Viewer, query string, after, limit int) (Systems, error)
	System(ctx context.Context, v access.Viewer, name string) (SystemDetail, error)
	Vulnerabilities(ctx context.Context, v access.Viewer) (Vulnerabilities, error)
	// Search gives what has all words of a query in its name or text, the best first.
	Search(ctx context.Context, v access.Viewer, query string) ([]Hit, error)
}

// Overview is what one sees in the morning.
type Overview struct {
	At                           time.Time // when it was drawn
	Open, Overdue, Week, Settled int
	Severities                   []Count
	Sections                     []Section
	Applications                 []Application
	Calendar                     []Day   // from today on
	Trend                        []Point // the oldest first, today last
	Since                        *Changes
	Next                         []finding.Finding
}

// Tally counts requirements by status.
type Tally struct{ Fail, Unknown, Warn, Justified, Pass, NotApplicable int }

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
	ID, Title string
	Tally
}

// Application is one with how it stands.
type Application struct {
	Name, Team, Class string
	Open, Overdue     int
	Tally
}

// Day is one of the calendar with what is due on it.
type Day struct {
	Date time.Time
	Due  int
}

// Point is a day of the past.
type Point struct {
	Date          time.Time
	Open, Overdue int
	Tally
}

// Changes are what happened since somebody looked last.
type Changes struct {
	Since          time.Time
	Opened, Closed int
	New            []finding.Finding // of those that opened, what to do next first
	Requirements   []Moved
}

// Moved is a requirement whose status changed.
type Moved struct {
	ID, Title  string
	Was, Is    requirement.Status
	Worse      bool
	ComparedTo time.Time // the day whose end it is compared to
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
	Name, Environment, Class       string
	Applications, Teams            []string
	Seen                           time.Time // zero: never
	Fail, Unknown, Pass            int       // results of checks
	Open, Overdue                  int
	Declared                       bool
	WorstDue                       time.Time // zero: no deadline
	Target, Zone, Exposure, Reason string
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
	ID                string
	Severity          check.Severity // the worst
	Findings, Systems int
	Due               time.Time // the earliest; zero: no deadline
	Exploited         bool
	EPSS              float64 // 0: not known
	Running           bool
}

// Hit is something that was searched for.
type Hit struct{ Kind, Name, Text, Path string }
