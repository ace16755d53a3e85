package app

import (
	"slices"
	"strings"
	"time"
	"unique"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/requirement"
	"holdfast.example/holdfast/internal/store/sqlite"
	"holdfast.example/holdfast/internal/web"
)

// drawing is how everything stands, drawn from what was judged last. It is not changed once it is drawn.
type drawing struct {
	at       time.Time
	zone     *time.Location // of the estate
	world    *world
	judged   []requirement.Judgement
	subjects []drawn
	owned    []owned      // the same, those of the same owners together
	systems  []web.System // all of them, the worst first
	today    day
	marks    map[string][]markOf    // by check, in the order of the subjects
	settled  map[sqlite.Settled]int // how many findings
	flaws    []sqlite.Flaw          // vulnerabilities that are open, the most urgent first
	flawed   int                    // how many there are
}

// drawn is a subject with whose it is and what is open on it.
type drawn struct {
	picture.Subject
	system       string // declared name that it belongs to; of what is not declared its own
	view         estate.View
	applications []string
	teams        []string
	work         []sqlite.Work

	pass, fail, unknown int // results
}

// owned is what belongs to the same applications and teams.
type owned struct {
	applications, teams []string
	subjects            []string
	work                []sqlite.Work
}

// markOf is a mark as it counts now.
type markOf struct {
	subject int
	picture.Mark
}

// forgetTime is how long something that the estate does not declare is missed before it is left out.
const forgetTime = 30 * 24 * time.Hour

// draw judges the requirements from marks.
func draw(w *world, subjects []picture.Subject, work map[string][]sqlite.Work, settled map[sqlite.Settled]int, now time.Time) *drawing {
	d := &drawing{at: now, zone: zoneOf(w.estate), world: w, marks: map[string][]markOf{}, settled: settled}
	of := map[string]*check.Check{}
	for _, c := range w.checks {
		of[c.ID] = c
	}
	for _, s := range withWork(subjects, work) {
		v := w.estate.View(s.Name)
		if w.estate != nil && !v.Declared() && len(work[s.Name]) == 0 && now.Sub(s.Seen()) > forgetTime {
			continue
		}
		x := drawn{Subject: s, system: s.Name, view: v, work: work[s.Name]}
		if v.Declared() {
			x.system = v.Subject()
		}
		x.applications, x.teams = namesOf(v), ownersOf(v)
		i := len(d.subjects)
		d.subjects = append(d.subjects, x)
		for _, m := range s.Marks {
			if of[m.Check] == nil {
				continue
			}
			m = m.Now(w.settings.For(m.Check), now)
			d.marks[m.Check] = append(d.marks[m.Check], markOf{i, m})
			x := &d.subjects[i]
			switch m.Verdict {
			case check.Pass:
				x.pass++
			case check.Fail:
				x.fail++
			case check.Unknown, check.Error:
				x.unknown++
			}
		}
	}
	d.own()
	d.systems = d.allSystems()
	scopes := make([][]requirement.Scope, len(d.subjects))
	for i, x := range d.subjects {
		scopes[i] = w.scopes(x.Name, x.view)
	}
	sights := d.sights(of, scopes)
	asked, declared := w.reqs.cat.All(), w.declaredScopes()
	d.judged = make([]requirement.Judgement, len(asked))
	parallel(len(asked), func(i int) {
		in := requirement.Input{Estate: w.estate != nil, Scopes: declared, Sights: sights, Attestations: w.attestations(asked[i].ID, now)}
		d.evidence(&in, asked[i].ID, scopes)
		d.judged[i] = asked[i].Judge(in)
	})
	d.today = d.day()
	return d
}

// own puts together what belongs to the same owners.
func (d *drawing) own() {
	at := map[string]int{}
	work := []map[sqlite.Work]int{}
	for _, x := range d.subjects {
		key := strings.Join(x.applications, " ") + "/" + strings.Join(x.teams, " ")
		i, ok := at[key]
		if !ok {
			i = len(d.owned)
			at[key] = i
			d.owned = append(d.owned, owned{applications: x.applications, teams: x.teams})
			work = append(work, map[sqlite.Work]int{})
		}
		d.owned[i].subjects = append(d.owned[i].subjects, x.Name)
		for _, w := range x.work {
			n := w.N
			w.N = 0
			work[i][w] += n
		}
	}
	for i := range d.owned {
		for w, n := range work[i] {
			w.N = n
			d.owned[i].work = append(d.owned[i].work, w)
		}
	}
}

// withWork adds subjects that were never judged and have open findings all the same: another scanner reported them.
func withWork(subjects []picture.Subject, work map[string][]sqlite.Work) []picture.Subject {
	known := map[string]bool{}
	for _, s := range subjects {
		known[s.Name] = true
	}
	out := slices.Clone(subjects)
	for name := range work {
		if !known[name] {
			out = append(out, picture.Subject{Name: name})
		}
	}
	slices.SortFunc(out, func(a, b picture.Subject) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// declaredScopes are those of all that the estate declares: what was never seen is unknown, and not left out.
func (w *world) declaredScopes() (out []requirement.Scope) {
	if w.estate == nil {
		return nil
	}
	done := map[requirement.Scope]bool{}
	for i := range w.estate.Systems {
		s := w.estate.Systems[i].Subject()
		for _, x := range w.scopes(s, w.estate.View(s)) {
			if x.Application != "" && !done[x] {
				done[x] = true
				out = append(out, x)
			}
		}
	}
	return out
}

// evidence gathers the marks of all checks that a requirement is judged by.
func (d *drawing) evidence(in *requirement.Input, id string, scopes [][]requirement.Scope) {
	for _, c := range d.world.checks {
		if !slices.Contains(c.Requirements, id) {
			continue
		}
		set := d.world.settings.For(c.ID)
		b := requirement.Bound{Check: c.ID, Kind: c.Rule.Kind.Name, Level: requirement.Level(set.LevelFor(id)), Part: set.Parts[id]}
		in.Checks = append(in.Checks, b)
		for _, m := range d.marks[c.ID] {
			n := min(d.settled[sqlite.Settled{Subject: d.subjects[m.subject].Name, Check: c.ID}], m.Faults)
			for _, sc := range scopes[m.subject] {
				in.Evidence = append(in.Evidence, requirement.Evidence{
					Check: c.ID, Subject: d.subjects[m.subject].Name, Kind: b.Kind, Reads: reads(c), Verdict: string(m.Verdict),
					Level: b.Level, Part: b.Part, Detail: m.Detail, Open: m.Faults - n, Settled: n, WithProduction: c.Rule.IsAcross(), Scope: sc})
			}
		}
	}
}

// sights says for each subject and kind whether it was seen.
func (d *drawing) sights(of map[string]*check.Check, scopes [][]requirement.Scope) (out []requirement.Sight) {
	for i, x := range d.subjects {
		done := map[string]bool{}
		for _, m := range x.Marks {
			if done[m.Kind] || of[m.Check] == nil {
				continue
			}
			done[m.Kind] = true
			for _, sc := range scopes[i] {
				s := requirement.Sight{Subject: x.Name, Kind: m.Kind, Scope: sc, State: requirement.Seen}
				if m.Unseen != "" {
					s.State, s.Cause = requirement.Missing, m.Unseen
				}
				out = append(out, s)
			}
		}
	}
	return out
}

// slim lets go of what a pass was seen by: of a thousand hosts it is most of what is kept, and it is read again for the page
// of one.
func slim(s picture.Subject) picture.Subject {
	for i := range s.Marks {
		m := &s.Marks[i]
		m.Check, m.Kind, m.Verdict = unique.Make(m.Check).Value(), unique.Make(m.Kind).Value(), unique.Make(m.Verdict).Value()
		if m.Verdict == check.Pass || m.Verdict == check.NotApplicable {
			m.Detail = ""
		}
	}
	return s
}
