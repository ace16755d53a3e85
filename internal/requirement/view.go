package requirement

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// view is one scope with everything that is known of it.
type view struct {
	req          *Requirement
	scope        Scope
	counts       bool
	paired       bool // counts only by what compares with production
	estate       bool
	evidence     []*Evidence
	results      map[[2]string]bool // check and subject of evidence, made when first asked
	sights       []*Sight
	bound        []Bound
	attestations []Attestation

	level    Level // of the requirement for this scope
	subjects []string
}

// prepare drops what this scope is not judged by, and sorts the rest.
func (v *view) prepare() {
	v.level = v.req.LevelFor(v.scope.Class)
	v.counts = v.inReach()
	v.evidence = slices.DeleteFunc(v.evidence, func(e *Evidence) bool { return !v.partApplies(e.Part) })
	if !v.req.Decides(ByAttestation) {
		v.attestations = nil
	}
	slices.SortStableFunc(v.evidence, func(x, y *Evidence) int {
		return cmp.Or(strings.Compare(x.Check, y.Check), strings.Compare(x.Subject, y.Subject), strings.Compare(x.Verdict, y.Verdict), strings.Compare(x.Detail, y.Detail))
	})
	slices.SortFunc(v.sights, func(x, y *Sight) int {
		return cmp.Or(strings.Compare(x.Kind, y.Kind), strings.Compare(x.Subject, y.Subject), cmp.Compare(x.State, y.State), strings.Compare(x.Cause, y.Cause))
	})
	sort.Slice(v.attestations, func(a, b int) bool {
		x, y := v.attestations[a], v.attestations[b]
		return less(x.By, y.By, x.Until, y.Until, x.Subject, y.Subject)
	})
	known := map[string]bool{} // most have hundreds of results: they are sorted once each
	add := func(subject string) {
		if !known[subject] {
			known[subject] = true
			v.subjects = append(v.subjects, subject)
		}
	}
	if v.scope.Subject != "" {
		add(v.scope.Subject)
	}
	for _, e := range v.evidence {
		add(e.Subject)
	}
	for _, s := range v.sights {
		add(s.Subject)
	}
	sort.Strings(v.subjects)
}

// inReach tells whether the stage of the scope counts. A pair with production counts by what
// compares the two sides; then only that is judged.
func (v *view) inReach() bool {
	switch v.scope.Stage {
	case Test, Development, PreProduction:
	default:
		return true
	}
	if v.req.Reach == InPreProduction {
		return v.scope.Stage == PreProduction
	}
	if v.req.Reach != InPairs {
		return false
	}
	if !slices.ContainsFunc(v.evidence, func(e *Evidence) bool { return e.WithProduction }) {
		return false
	}
	v.evidence = slices.DeleteFunc(v.evidence, func(e *Evidence) bool { return !e.WithProduction })
	v.paired = true
	return true
}

func (v *view) partApplies(id string) bool {
	p := v.req.part(id)
	return p == nil || p.From != High || v.scope.Class.high()
}

// levelOf gives the level at which a check counts here: never more than its part or the requirement.
func (v *view) levelOf(bound Level, part string) Level {
	l := weaker(v.level, bound)
	if p := v.req.part(part); p != nil {
		l = weaker(l, p.Level)
	}
	if l == "" {
		return Must
	}
	return l
}

// inapplicable gives why the requirement does not concern this scope, empty when it does.
func (v *view) inapplicable() string {
	if v.req.From == High && !v.scope.Class.high() {
		return "only for risk class High and above; the class is " + v.scope.Class.Text()
	}
	if v.req.InternetOnly && v.scope.Exposure == "internal" {
		return "only for applications that are exposed to the Internet"
	}
	if v.req.AppliesTo != nil && v.hasNone(v.req.AppliesTo.Name) {
		return "there is no " + v.req.AppliesTo.Name
	}
	return ""
}

// hasNone tells whether every subject was looked at and has nothing of a kind.
func (v *view) hasNone(kind string) bool {
	none := map[string]bool{}
	for _, s := range v.sights {
		if s.Kind != kind {
			continue
		}
		if s.State != None {
			return false
		}
		none[s.Subject] = true
	}
	for _, e := range v.evidence {
		if e.judges(kind) && e.Verdict != verdictNotApplicable {
			return false
		}
	}
	for _, subject := range v.subjects {
		host, _, _ := cutService(subject)
		if !none[subject] && !none[host] {
			return false
		}
	}
	return len(none) > 0
}

// cutService takes the service off a subject: prod/web-1:443/tcp is on prod/web-1.
func cutService(subject string) (host, service string, found bool) {
	i := strings.LastIndexByte(subject, ':')
	if i < 0 || !strings.Contains(subject[i:], "/") {
		return subject, "", false
	}
	return subject[:i], subject[i+1:], true
}

// attested tells whether the word of a person in force covers a subject.
func (v *view) attested(subject string) bool {
	return slices.ContainsFunc(v.attestations, func(a Attestation) bool { return a.InForce && a.covers(subject) })
}

// allAttested tells whether it covers the whole scope.
func (v *view) allAttested() bool {
	if slices.ContainsFunc(v.attestations, func(a Attestation) bool { return a.InForce && a.Subject == "" }) {
		return true
	}
	for _, s := range v.subjects {
		if !v.attested(s) {
			return false
		}
	}
	return len(v.subjects) > 0
}

// word gives who attests: "attested by sam until 2027-09-01".
func (v *view) word(inForce bool) string {
	var texts []string
	for _, a := range v.attestations {
		if a.InForce != inForce || a.Subject != "" && !slices.ContainsFunc(v.subjects, a.covers) {
			continue
		}
		on := ""
		if a.Subject != "" {
			on = " for " + a.Subject
		}
		if inForce {
			texts = append(texts, fmt.Sprintf("attested by %s%s until %s", a.By, on, a.Until))
		} else {
			texts = append(texts, fmt.Sprintf("the attestation by %s%s is not in force, it ended on %s", a.By, on, a.Until))
		}
	}
	return some(slices.Compact(texts), "; ", "attestation", "attestations")
}
