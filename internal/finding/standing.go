package finding

import (
	"cmp"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/sla"
	"holdfast.example/holdfast/internal/waiver"
)

// Standing is whose a finding is and how its clock stands: what follows from the estate, the calendar and the
// decisions. It is worked out anew when one of these changes. The zero Standing is that of a finding without an estate.
type Standing struct {
	Environment  string      `json:"environment,omitempty"`
	Applications []string    `json:"applications,omitempty"`
	Teams        []string    `json:"teams,omitempty"`
	Internet     bool        `json:"internet,omitempty"` // reached from the Internet
	Rule         string      `json:"rule,omitempty"`     // row and term, in words, or why there is no deadline
	FirstDue     *time.Time  `json:"first_due"`          // by the table
	Due          *time.Time  `json:"due"`                // with extensions
	Extended     string      `json:"extended,omitempty"` // decision that moved it
	SettledBy    string      `json:"settled_by,omitempty"`
	SettledAs    waiver.Kind `json:"settled_as,omitempty"`
	Until        *time.Time  `json:"until,omitempty"` // end of what settles it
}

// Overdue tells whether time has run out. What is settled at that time is not overdue.
func (s Standing) Overdue(now time.Time) bool {
	return s.Due != nil && now.After(*s.Due) && !s.Settled(now)
}

// Settled tells whether a decision takes the finding off the list at a time.
func (s Standing) Settled(now time.Time) bool {
	return s.SettledBy != "" && (s.Until == nil || !now.After(*s.Until))
}

// Clock is what standings follow from, besides the findings.
type Clock struct {
	Table    sla.Table
	Estate   *estate.Estate // nil: no deadlines
	Calendar sla.Calendar
	Waivers  map[string][]waiver.Waiver // by finding
}

// NewClock reads the calendar of the estate.
func NewClock(table sla.Table, e *estate.Estate, waivers []waiver.Waiver) (*Clock, error) {
	c := &Clock{Table: table, Estate: e, Waivers: map[string][]waiver.Waiver{}}
	for _, w := range waivers {
		for _, about := range w.Covers {
			c.Waivers[about.Finding] = append(c.Waivers[about.Finding], w)
		}
	}
	if e == nil {
		return c, nil
	}
	zone, err := time.LoadLocation(cmp.Or(e.Timezone, "UTC"))
	if err != nil {
		return nil, err
	}
	var closures []sla.Day
	for _, d := range e.Closures {
		closures = append(closures, sla.Day{Date: d})
	}
	c.Calendar, err = sla.NewCalendar(e.Calendar, zone, closures)
	return c, err
}

// Stand gives the standing of a finding at a time.
func (c *Clock) Stand(f Finding, now time.Time) Standing {
	var s Standing
	var due *time.Time
	if c.Estate == nil && f.Environment != "" {
		s, due = f.Standing, f.FirstDue // what an estate said stands until another says otherwise
	} else {
		due = c.due(f, &s)
	}
	about := c.Waivers[f.ID]
	seen := ""
	if len(about) > 0 {
		seen = waiver.Digest(f.Detail) // of a million findings few are decided on
	}
	w := waiver.Apply(f.ID, seen, due, about, now)
	s.FirstDue, s.Due, s.Extended = w.FirstDue, w.Due, w.Extended
	s.SettledBy, s.SettledAs, s.Until = w.SettledBy, w.Kind, w.Until
	return s
}

// due gives the deadline by the table and writes whose the finding is.
func (c *Clock) due(f Finding, s *Standing) *time.Time {
	if c.Estate == nil {
		s.Rule = "no estate is loaded, so nobody says how exposed and how critical it is"
		return nil
	}
	v := c.Estate.View(f.Subject)
	if env := v.Environment(); env != nil {
		s.Environment = env.Name
	}
	rules := sla.Rules{Table: c.Table, Calendar: c.Calendar, Row: sla.Row{}}
	apps := v.Applications()
	for i, a := range apps {
		row := sla.Row{Internet: v.Exposure(a) == estate.Internet, Critical: a.Criticality == estate.HighCriticality}
		if i == 0 || row.Stricter(rules.Row) {
			rules.Row = row
		}
		s.Applications = append(s.Applications, a.Name)
		if a.Team != "" {
			s.Teams = append(s.Teams, a.Team)
		}
		for _, d := range a.Releases {
			rules.Releases = append(rules.Releases, sla.Day{Date: d})
		}
	}
	if len(apps) == 0 {
		rules.Row = sla.Row{Internet: true, Critical: true}
	}
	s.Internet = rules.Row.Internet
	if stage := v.Stage(); v.Declared() && stage != estate.Production {
		s.Rule = "no deadline: the stage is " + string(stage)
		return nil
	}
	var ratings []sla.Rating
	for _, r := range f.Ratings {
		ratings = append(ratings, sla.Rating{Since: r.Since, Column: sla.Column(r.Severity)})
	}
	if len(ratings) == 0 {
		ratings = []sla.Rating{{Since: f.Identified, Column: sla.Column(f.Severity)}}
	}
	words := []string{rules.Row.String(), string(f.Severity), rules.Term(sla.Column(f.Severity)).String()}
	if len(apps) == 0 {
		words[0] = "of no application, so the strictest row"
	}
	s.Rule = strings.Join(words, ", ")
	return rules.Due(f.Identified, ratings)
}
