package requirement

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
)

// Judgement is what one requirement comes to over all scopes.
type Judgement struct {
	ID       string
	Title    string
	Level    Level // the most binding level at which it was judged
	Status   Status
	Reason   string // plain words: which scopes, how many checks, what is missing
	Scopes   []ScopeJudgement
	Checks   []string // ids of all bound checks
	Failing  int      // results (check and subject) with unsettled violations of a MUST or SHOULD, where they count
	Subjects int      // distinct subjects with a result, where they count
}

// ScopeJudgement is what one requirement comes to in one scope.
type ScopeJudgement struct {
	Scope   Scope
	Level   Level
	Status  Status
	Reason  string
	Counts  bool // false: judged and shown, but of a stage that the requirement is not about
	Failing int

	subjects  []string
	what      string // reason without place
	detail    string
	placeless bool // the reason is the same everywhere
}

// Application is what a requirement comes to for one application over its environments.
type Application struct {
	Name   string
	Class  Class
	Status Status
}

// Applications gives the status for each application, or subject without one, that counts.
func (j Judgement) Applications() []Application {
	var out []Application
	for _, s := range j.Scopes {
		if !s.Counts {
			continue
		}
		name := s.Scope.Application
		if name == "" {
			name = s.Scope.Name()
		}
		i := slices.IndexFunc(out, func(a Application) bool { return a.Name == name })
		if i < 0 {
			out = append(out, Application{Name: name, Class: s.Scope.Class, Status: s.Status})
			continue
		}
		out[i].Status = Worst(out[i].Status, s.Status)
		out[i].Class = stricter(out[i].Class, s.Scope.Class, VeryHigh, High, Standard)
	}
	return out
}

// Judge gives the status of the requirement in each scope and over all. It is pure, and the order
// of the input changes nothing.
func (r *Requirement) Judge(in Input) Judgement {
	j := Judgement{ID: r.ID, Title: r.Title, Checks: checkIDs(in)}
	for _, v := range r.views(in) {
		s := v.judge()
		s.Counts = v.counts
		s.Reason = s.text([]Scope{s.Scope})
		j.Scopes = append(j.Scopes, s)
	}
	return r.Narrowed(j, func(Scope) bool { return true })
}

// views cuts the input into scopes, sorted by name.
func (r *Requirement) views(in Input) []*view {
	var out []*view
	type identity struct{ application, environment, subject string }
	known := map[identity]*view{}
	at := func(s Scope, subject string) *view {
		if s.same(Scope{}) {
			s.Subject, _, _ = cutService(subject)
		}
		id := identity{s.Application, s.Environment, s.Subject}
		if v, ok := known[id]; ok {
			v.scope = v.scope.merge(s)
			return v
		}
		v := &view{req: r, scope: s, estate: in.Estate, bound: in.Checks}
		known[id] = v
		out = append(out, v)
		return v
	}
	for _, s := range in.Scopes {
		at(s, "")
	}
	for i := range in.Evidence {
		e := &in.Evidence[i]
		v := at(e.Scope, e.Subject)
		v.evidence = append(v.evidence, e)
	}
	for i := range in.Sights {
		s := &in.Sights[i]
		v := at(s.Scope, s.Subject)
		v.sights = append(v.sights, s)
	}
	for _, v := range out {
		for _, a := range in.Attestations {
			if a.reaches(v.scope) {
				v.attestations = append(v.attestations, a)
			}
		}
		v.prepare()
	}
	sort.Slice(out, func(a, b int) bool {
		x, y := out[a].scope, out[b].scope
		return less(x.Name(), y.Name(), x.Application, y.Application, x.Environment, y.Environment, x.Subject, y.Subject)
	})
	return out
}

// less compares pairs of texts, the first pair that differs decides.
func less(pairs ...string) bool {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] != pairs[i+1] {
			return pairs[i] < pairs[i+1]
		}
	}
	return false
}

func checkIDs(in Input) []string {
	ids := map[string]bool{}
	for _, b := range in.Checks {
		ids[b.Check] = true
	}
	for i := range in.Evidence {
		ids[in.Evidence[i].Check] = true
	}
	return append([]string{}, slices.Sorted(maps.Keys(ids))...)
}

// overall gives the worst status of the scopes that count, and a reason that names them.
func overall(r *Requirement, scopes []ScopeJudgement) (Status, string) {
	var counting, others []ScopeJudgement
	for _, s := range scopes {
		if s.Counts {
			counting = append(counting, s)
		} else {
			others = append(others, s)
		}
	}
	if len(counting) == 0 {
		if len(others) == 0 {
			return Unknown, "nothing was assessed"
		}
		return NotApplicable, "it is about " + r.Reach.text() + ", and none was assessed" + uncounted(others)
	}
	all := make([]Status, len(counting))
	for i, s := range counting {
		all[i] = s.Status
	}
	worst := Worst(all...)
	var worstOnes []ScopeJudgement
	counts := map[Status]int{}
	for _, s := range counting {
		if s.Status == worst {
			worstOnes = append(worstOnes, s)
		} else {
			counts[s.Status]++
		}
	}
	reason := grouped(worstOnes)
	var rest []string
	for _, st := range Statuses() {
		if n := counts[st]; n > 0 {
			rest = append(rest, fmt.Sprintf("%d %s", n, st.Text()))
		}
	}
	if len(rest) > 0 {
		reason += fmt.Sprintf("; of the other %d: %s", len(counting)-len(worstOnes), strings.Join(rest, ", "))
	}
	return worst, reason + uncounted(others)
}

// grouped gives the reasons of scopes of one status; scopes with the same reason share a sentence.
func grouped(scopes []ScopeJudgement) string {
	type reason struct{ what, detail string }
	together := map[reason][]Scope{}
	var firsts []ScopeJudgement
	for _, s := range scopes {
		why := reason{s.what, s.detail}
		if together[why] == nil {
			firsts = append(firsts, s)
		}
		together[why] = append(together[why], s.Scope)
	}
	texts := make([]string, len(firsts))
	for i, s := range firsts {
		texts[i] = s.text(together[reason{s.what, s.detail}])
	}
	return some(texts, "; ", "reason", "reasons")
}

// uncounted tells which scopes were judged without counting.
func uncounted(others []ScopeJudgement) string {
	if len(others) == 0 {
		return ""
	}
	names := make([]string, len(others))
	for i, s := range others {
		names[i] = s.Scope.Name() + " (" + s.Status.Text() + ")"
	}
	return "; not counted: " + some(names, ", ", "", "")
}

// text gives the reason with its place: "3 of 21 checks fail on host:web1: a, b, c".
func (s ScopeJudgement) text(where []Scope) string {
	out := s.what
	if !s.placeless {
		out += " " + places(where)
	}
	if s.detail != "" {
		out += ": " + s.detail
	}
	return out
}

func places(where []Scope) string {
	if len(where) == 1 {
		return where[0].place()
	}
	names := make([]string, len(where))
	for i, s := range where {
		names[i] = s.Name()
	}
	return "for " + some(names, ", ", "", "")
}

// some joins the first texts and counts the others.
func some(texts []string, sep, one, many string) string {
	const most = 3
	if len(texts) <= most {
		return strings.Join(texts, sep)
	}
	n := len(texts) - most
	noun := many
	if n == 1 {
		noun = one
	}
	return strings.TrimSpace(fmt.Sprintf("%s%sand %d more %s", strings.Join(texts[:most], sep), sep, n, noun))
}

func (r Reach) text() string {
	switch r {
	case InPreProduction:
		return "production and pre-production"
	case InPairs:
		return "production and what is paired with it"
	}
	return "production"
}
