package finding

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/waiver"
)

// Deadlines is how well the deadlines of findings were kept. Source: spec/deadlines, clock 6.
type Deadlines struct {
	Total        Figures  `json:"total"`
	Teams        []Figure `json:"teams"`
	Applications []Figure `json:"applications"`
	Months       []Figure `json:"months"` // of identification
	Ageing       []Age    `json:"ageing"` // of what is open and not settled
	Trend        []Trend  `json:"trend"`
}

// Figures count findings by what became of their deadline. What has none, and what a decision takes off the list
// without mending it, stands apart and in no percentage.
type Figures struct {
	Met           int `json:"met"`      // gone or mitigated by the first deadline
	Extended      int `json:"extended"` // after it, by an extended one
	Missed        int `json:"missed"`
	Running       int `json:"running"` // open, and the deadline lies ahead
	Accepted      int `json:"accepted"`
	FalsePositive int `json:"false_positive"`
	NoDeadline    int `json:"no_deadline"`
}

// Decided is how many deadlines are over, one way or the other.
func (f Figures) Decided() int { return f.Met + f.Extended + f.Missed }

// Percent is the share of a count among the deadlines that are over, false without any.
func (f Figures) Percent(n int) (float64, bool) {
	if f.Decided() == 0 {
		return 0, false
	}
	return 100 * float64(n) / float64(f.Decided()), true
}

// Figure is the figures of a team, an application or a month. What belongs to none has the name "none".
type Figure struct {
	Name string `json:"name"`
	Figures
}

// Age is how many open findings are so many days old.
type Age struct {
	Days    string `json:"days"` // 0-7
	Open    int    `json:"open"`
	Overdue int    `json:"overdue"`
}

// Trend is what came and went in a month, and what was open at its end.
type Trend struct {
	Month      string `json:"month"` // 2026-11
	Identified int    `json:"identified"`
	Closed     int    `json:"closed"`
	Open       int    `json:"open"`
}

// Period is what a report on deadlines is about: what was identified from one time on until before another. Zero times
// bound nothing. Days and months are those of the zone.
type Period struct {
	From, To time.Time
	Now      time.Time
	Zone     *time.Location // nil means UTC
}

func (p Period) holds(t time.Time) bool {
	return !t.After(p.Now) && (p.From.IsZero() || !t.Before(p.From)) && (p.To.IsZero() || t.Before(p.To))
}

// NewDeadlines counts findings, each occurrence as one of its own, under the decisions about them.
func NewDeadlines(list []Finding, waivers map[string][]waiver.Waiver, p Period) Deadlines {
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	d := Deadlines{Ageing: []Age{{Days: "0-7"}, {Days: "8-30"}, {Days: "31-90"}, {Days: ">90"}}}
	teams, apps, months := map[string]*Figures{}, map[string]*Figures{}, map[string]*Figures{}
	var counted []Finding
	for _, f := range list {
		if !p.holds(f.Identified) {
			continue
		}
		counted = append(counted, f)
		count := func(in map[string]*Figures, names ...string) {
			for _, n := range names {
				if in[n] == nil {
					in[n] = &Figures{}
				}
				in[n].add(f, waivers[f.ID], p.Now)
			}
		}
		d.Total.add(f, waivers[f.ID], p.Now)
		count(teams, orNone(f.Teams)...)
		count(apps, orNone(f.Applications)...)
		count(months, month(f.Identified, p.Zone))
		if f.openAt(p.Now) && !f.Settled(p.Now) {
			a := &d.Ageing[age(f.Identified.In(p.Zone), p.Now)]
			a.Open++
			if f.Overdue(p.Now) {
				a.Overdue++
			}
		}
	}
	d.Teams, d.Applications, d.Months = sorted(teams), sorted(apps), sorted(months)
	d.Trend = trend(counted, p)
	return d
}

func (f Finding) openAt(now time.Time) bool { return f.ClosedAt == nil || f.ClosedAt.After(now) }

// add counts one finding. A decision that settles without mending stands apart; a mitigation counts as long as it
// holds, since at its end the first deadline counts again.
func (f *Figures) add(x Finding, all []waiver.Waiver, now time.Time) {
	open := x.openAt(now)
	closed := x.ClosedAt
	if open {
		closed = nil
	}
	switch {
	case x.FirstDue == nil:
		f.NoDeadline++
		return
	case open && x.Settled(now) && x.SettledAs == waiver.Acceptance:
		f.Accepted++
		return
	case open && x.Settled(now) && (x.SettledAs == waiver.FalsePositive || x.SettledAs == waiver.Deviation):
		f.FalsePositive++
		return
	}
	var held []waiver.Waiver
	for _, w := range all {
		if w.DecidedAt == nil || !w.DecidedAt.Before(x.Identified) { // others were about an earlier occurrence
			held = append(held, w)
		}
	}
	switch waiver.OutcomeAt(x.ID, x.FirstDue, closed, held, now) {
	case waiver.MetFirst:
		f.Met++
	case waiver.MetExtended:
		f.Extended++
	case waiver.Missed:
		f.Missed++
	case waiver.Running:
		f.Running++
	default:
		f.NoDeadline++
	}
}

// age gives the bucket: a day is one of the calendar, not 24 hours.
func age(since, now time.Time) int {
	for i, days := range []int{8, 31, 91} {
		if now.Before(since.AddDate(0, 0, days)) {
			return i
		}
	}
	return 3
}

func month(t time.Time, zone *time.Location) string { return t.In(zone).Format("2006-01") }

// trend tells month by month, from that of the first finding to the present one.
func trend(list []Finding, p Period) []Trend {
	out := []Trend{}
	if len(list) == 0 {
		return out
	}
	first := slices.MinFunc(list, func(a, b Finding) int { return a.Identified.Compare(b.Identified) }).Identified.In(p.Zone)
	for start := time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, p.Zone); !start.After(p.Now); start = start.AddDate(0, 1, 0) {
		t, next := Trend{Month: start.Format("2006-01")}, start.AddDate(0, 1, 0)
		if next.After(p.Now) {
			next = p.Now.Add(1)
		}
		for _, f := range list {
			gone := f.ClosedAt != nil && f.ClosedAt.Before(next)
			switch {
			case !f.Identified.Before(next):
				continue
			case !f.Identified.Before(start):
				t.Identified++
			}
			if gone && !f.ClosedAt.Before(start) {
				t.Closed++
			}
			if !gone {
				t.Open++
			}
		}
		out = append(out, t)
	}
	return out
}

func orNone(names []string) []string {
	if len(names) == 0 {
		return []string{"none"}
	}
	return names
}

func sorted(in map[string]*Figures) []Figure {
	out := []Figure{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		out = append(out, Figure{name, *in[name]})
	}
	slices.SortStableFunc(out, func(a, b Figure) int { return cmp.Compare(boolInt(a.Name == "none"), boolInt(b.Name == "none")) })
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
