package app

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
	"unique"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/requirement"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/web"
)

// drawing is how everything stands, drawn from what was judged last. It is not changed once it is drawn.
type drawing struct {
	at        time.Time
	stamp     string         // of what it was drawn from
	zone      *time.Location // of the estate
	world     *world
	judged    []requirement.Judgement
	subjects  []drawn
	owned     []owned      // the same, those of the same owners together
	systems   []web.System // all of them, the worst first
	today     day
	marks     [][]markPlace              // by check, in the order of the subjects
	settings  []check.Settings           // of the checks
	byID      []int                      // the checks in order of their ids
	tallies   []tally                    // of the checks
	old       map[oldAs]check.Result     // what is unknown since it is old
	settled   map[relational.Settled]int // how many findings
	settledOn map[string]int             // by subject
	flaws     []relational.Flaw          // vulnerabilities that are open, the most urgent first
	flawed    int                        // how many there are
}

// drawn is a subject with whose it is and what is open on it.
type drawn struct {
	*thin
	system       string // declared name that it belongs to; of what is not declared its own
	view         estate.View
	applications []string
	teams        []string
	work         []relational.Work

	pass, fail, unknown int // results
	open                int // findings
}

// owned is what belongs to the same applications and teams.
type owned struct {
	applications, teams []string
	subjects            []string
	work                []relational.Work
}

// thin is a subject with its marks as they are held: of five thousand systems there are a million and a half.
type thin struct {
	Name  string
	seen  time.Time // last; zero: never
	marks []tiny
	texts []markText // of the marks that have one, in their order
}

// markText is why a mark is unknown. Few are, so it does not lie with all of them.
type markText struct {
	mark int
	text string
}

// text is that of a mark; empty: it has none.
func (s *thin) text(mark int) string {
	i, has := slices.BinarySearchFunc(s.texts, mark, func(t markText, mark int) int { return cmp.Compare(t.mark, mark) })
	if !has {
		return ""
	}
	return s.texts[i].text
}

// tiny is a mark. A million and a half of them are held: 16 bytes each.
type tiny struct {
	check   uint16 // in the order of the world's checks
	verdict uint8  // in the order of verdicts
	unseen  bool   // text says why what it judges could not be had
	faults  uint32
	at      int64 // seconds since 1970
}

var verdicts = []check.Verdict{check.Error, check.Unknown, check.Fail, check.Pass, check.NotApplicable}

// markPlace is where a mark lies.
type markPlace struct{ subject, mark int32 }

// thinned is what is held of a subject. Of a pass it is not what was seen: that is read again for the page of one system.
func (w *world) thinned(s picture.Subject) *thin {
	out := &thin{Name: s.Name, seen: s.Seen(), marks: make([]tiny, 0, len(s.Marks))}
	for _, m := range s.Marks {
		i, known := w.places[m.Check]
		if !known {
			continue // of a check that is no more
		}
		t := tiny{check: uint16(i), verdict: uint8(max(slices.Index(verdicts, m.Verdict), 0)), faults: uint32(m.Faults), at: m.At.Unix()}
		switch {
		case m.Unseen != "":
			t.unseen = true
			out.texts = append(out.texts, markText{len(out.marks), unique.Make(m.Unseen).Value()})
		case m.Verdict == check.Unknown || m.Verdict == check.Error:
			out.texts = append(out.texts, markText{len(out.marks), unique.Make(m.Detail).Value()})
		}
		out.marks = append(out.marks, t)
	}
	return out
}

// old tells whether a mark is of what was seen longer ago than its check allows.
func (t tiny) old(set check.Settings, now time.Time) (oldAs, bool) {
	age := now.Unix() - t.at
	v := verdicts[t.verdict]
	return oldAs{t.check, age / 3600}, (v == check.Pass || v == check.NotApplicable) && t.at > 0 && age > int64(set.MaxAge/time.Second)
}

// oldAs are marks that are told of in the same words.
type oldAs struct {
	check uint16
	hours int64
}

// now is what a mark of a subject counts as when the drawing is made.
func (d *drawing) now(s *thin, mark int) check.Result {
	t := s.marks[mark]
	if as, old := t.old(d.settings[t.check], d.at); old {
		return d.old[as]
	}
	return check.Result{Verdict: verdicts[t.verdict], Detail: s.text(mark)}
}

// forgetTime is how long something that the estate does not declare is missed before it is left out.
const forgetTime = 30 * 24 * time.Hour

// draw judges the requirements from marks.
func draw(w *world, subjects []*thin, work map[string][]relational.Work, settled map[relational.Settled]int, now time.Time) *drawing {
	d := &drawing{at: now, zone: zoneOf(w.estate), world: w, marks: make([][]markPlace, len(w.checks)), settled: settled}
	d.settledOn = map[string]int{}
	for at, n := range settled {
		d.settledOn[at.Subject] += n
	}
	d.tallies = make([]tally, len(w.checks))
	d.settings, d.old = make([]check.Settings, len(w.checks)), map[oldAs]check.Result{}
	for i, c := range w.checks {
		d.settings[i] = w.settings.For(c.ID)
	}
	for _, s := range withWork(subjects, work) {
		v := w.estate.View(s.Name)
		if w.estate != nil && !v.Declared() && len(work[s.Name]) == 0 && now.Sub(s.seen) > forgetTime {
			continue
		}
		x := drawn{thin: s, system: s.Name, view: v, work: work[s.Name]}
		if v.Declared() {
			x.system = v.Subject()
		}
		x.applications, x.teams = namesOf(v), ownersOf(v)
		for _, w := range x.work {
			x.open += w.N
		}
		i := len(d.subjects)
		d.subjects = append(d.subjects, x)
		for k, m := range s.marks {
			d.marks[m.check] = append(d.marks[m.check], markPlace{int32(i), int32(k)})
			if as, old := m.old(d.settings[m.check], now); old && d.old[as].Verdict == "" {
				d.old[as] = check.Aged(d.settings[m.check], time.Unix(m.at, 0), now, check.Passed(""))
			}
			r := d.now(s, k)
			x := &d.subjects[i]
			switch r.Verdict {
			case check.Pass:
				x.pass++
			case check.Fail:
				x.fail++
			case check.Unknown, check.Error:
				x.unknown++
			}
			d.tallies[m.check].add(x.Name, r, int(m.faults))
		}
	}
	d.byID = make([]int, len(w.checks))
	for i := range d.byID {
		d.byID[i] = i
	}
	slices.SortFunc(d.byID, func(a, b int) int { return strings.Compare(w.checks[a].ID, w.checks[b].ID) })
	d.own()
	d.systems = d.allSystems()
	scopes := make([][]requirement.Scope, len(d.subjects))
	for i, x := range d.subjects {
		scopes[i] = w.scopes(x.Name, x.view)
	}
	sights := d.sights(scopes)
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

// tally is what one check came to.
type tally struct {
	web.CheckTally
	faults int
}

func (t *tally) add(subject string, r check.Result, faults int) {
	switch r.Verdict {
	case check.Pass:
		t.Pass++
	case check.Fail:
		t.Fail++
		t.faults += faults
	case check.NotApplicable:
		t.NotApplicable++
	default:
		if t.No++; t.Why == "" {
			t.Why = subject + ": " + r.Detail
		}
	}
}

// tally gives what a check came to, of what a viewer sees.
func (d *drawing) tally(v access.Viewer, i int) (t tally) {
	if v.All {
		return d.tallies[i]
	}
	for _, at := range d.marks[i] {
		if x := &d.subjects[at.subject]; v.Sees(x.teams, x.applications) {
			t.add(x.Name, d.now(x.thin, int(at.mark)), int(x.marks[at.mark].faults))
		}
	}
	return t
}

// own puts together what belongs to the same owners.
func (d *drawing) own() {
	at := map[string]int{}
	work := []map[relational.Work]int{}
	for _, x := range d.subjects {
		key := strings.Join(x.applications, " ") + "/" + strings.Join(x.teams, " ")
		i, ok := at[key]
		if !ok {
			i = len(d.owned)
			at[key] = i
			d.owned = append(d.owned, owned{applications: x.applications, teams: x.teams})
			work = append(work, map[relational.Work]int{})
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
func withWork(subjects []*thin, work map[string][]relational.Work) []*thin {
	known := map[string]bool{}
	for _, s := range subjects {
		known[s.Name] = true
	}
	out := slices.Clone(subjects)
	for name := range work {
		if !known[name] {
			out = append(out, &thin{Name: name})
		}
	}
	slices.SortFunc(out, func(a, b *thin) int { return strings.Compare(a.Name, b.Name) })
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
	n := 0
	for i, c := range d.world.checks {
		if slices.Contains(c.Requirements, id) {
			for _, at := range d.marks[i] {
				n += len(scopes[at.subject])
			}
		}
	}
	in.Evidence = make([]requirement.Evidence, 0, n)
	for _, i := range d.byID { // as the requirement sorts them, which then has nothing to do
		c := d.world.checks[i]
		if !slices.Contains(c.Requirements, id) {
			continue
		}
		set := d.settings[i]
		b := requirement.Bound{Check: c.ID, Kind: c.Rule.Kind.Name, Level: requirement.Level(set.LevelFor(id)), Part: set.Parts[id]}
		in.Checks = append(in.Checks, b)
		also := reads(c)
		for _, at := range d.marks[i] {
			x := &d.subjects[at.subject]
			r := d.now(x.thin, int(at.mark))
			faults := int(x.marks[at.mark].faults)
			settled := min(d.settled[relational.Settled{Subject: x.Name, Check: c.ID}], faults)
			for _, sc := range scopes[at.subject] {
				in.Evidence = append(in.Evidence, requirement.Evidence{
					Check: c.ID, Subject: x.Name, Kind: b.Kind, Reads: also, Verdict: string(r.Verdict),
					Level: b.Level, Part: b.Part, Detail: r.Detail, Open: faults - settled, Settled: settled, WithProduction: c.Rule.IsAcross(), Scope: sc})
			}
		}
	}
}

// sights says for each subject and kind whether it was seen, in order of both.
func (d *drawing) sights(scopes [][]requirement.Scope) (out []requirement.Sight) {
	type seen struct {
		subject int
		mark    int
	}
	by := map[string][]seen{}
	for i, x := range d.subjects {
		done := map[string]bool{}
		for k, m := range x.marks {
			if kind := d.world.checks[m.check].Rule.Kind.Name; !done[kind] {
				done[kind] = true
				by[kind] = append(by[kind], seen{i, k})
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(by)) {
		for _, x := range by[kind] {
			for _, sc := range scopes[x.subject] {
				s := requirement.Sight{Subject: d.subjects[x.subject].Name, Kind: kind, Scope: sc, State: requirement.Seen}
				if of := d.subjects[x.subject].thin; of.marks[x.mark].unseen {
					s.State, s.Cause = requirement.Missing, of.text(x.mark)
				}
				out = append(out, s)
			}
		}
	}
	return out
}
