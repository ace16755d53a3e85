package app

import (
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/requirement"
)

type requirements struct{ cat *requirement.Catalogue }

// scopes gives what a subject is judged for: each application on it, in its environment; without
// an estate, or for an undeclared subject, the subject itself.
func (w *world) scopes(subject string, v estate.View) []requirement.Scope {
	var out []requirement.Scope
	if v.Declared() {
		env := ""
		if e := v.Environment(); e != nil {
			env = e.Name
		}
		for _, a := range v.Applications() {
			x := v.Exposure(a)
			out = append(out, requirement.Scope{Application: a.Name, Environment: env, Stage: requirement.Stage(v.Stage()),
				Class: requirement.Class(estate.Class(a.Criticality, x)), Exposure: string(x)})
		}
		if len(out) == 0 {
			out = append(out, requirement.Scope{Subject: subject, Environment: env, Stage: requirement.Stage(v.Stage())})
		}
		return out
	}
	return []requirement.Scope{{Subject: subject, Class: requirement.Class(w.risk), Stage: requirement.Production}}
}

// requirementsOf judges every requirement that was asked for.
func (w *world) requirementsOf(outcomes []check.Outcome, settled map[string]bool, now time.Time) []requirement.Judgement {
	scopes := map[string][]requirement.Scope{} // by subject
	by := map[string][]*check.Outcome{}        // by check
	for i := range outcomes {
		o := &outcomes[i]
		by[o.Check.ID] = append(by[o.Check.ID], o)
		if _, ok := scopes[o.Observation.Subject]; !ok {
			scopes[o.Observation.Subject] = w.scopes(o.Observation.Subject, o.Declared)
		}
	}
	sights := sights(outcomes, scopes)
	asked := slices.DeleteFunc(slices.Clone(w.reqs.cat.All()), func(r *requirement.Requirement) bool { return !w.asked(r.ID) })
	out := make([]requirement.Judgement, len(asked))
	parallel(len(asked), func(i int) {
		out[i] = asked[i].Judge(w.input(asked[i].ID, by, settled, scopes, sights, now))
	})
	return out
}

// input gathers what one requirement is judged from.
func (w *world) input(id string, by map[string][]*check.Outcome, settled map[string]bool, scopes map[string][]requirement.Scope, sights []requirement.Sight, now time.Time) requirement.Input {
	in := requirement.Input{Estate: w.estate != nil, Sights: sights, Attestations: w.attestations(id, now)}
	n := 0
	for _, c := range w.checks {
		if slices.Contains(c.Requirements, id) {
			for _, o := range by[c.ID] {
				n += len(scopes[o.Observation.Subject])
			}
		}
	}
	in.Evidence = make([]requirement.Evidence, 0, n)
	for _, c := range w.checks {
		if !slices.Contains(c.Requirements, id) {
			continue
		}
		set := w.settings.For(c.ID)
		b := requirement.Bound{Check: c.ID, Kind: c.Rule.Kind.Name, Level: requirement.Level(set.LevelFor(id)), Part: set.Parts[id]}
		in.Checks = append(in.Checks, b)
		for _, o := range by[c.ID] {
			n := settledOf(o, settled)
			for _, sc := range scopes[o.Observation.Subject] {
				in.Evidence = append(in.Evidence, requirement.Evidence{
					Check: c.ID, Subject: o.Observation.Subject, Kind: b.Kind, Reads: reads(c), Verdict: string(o.Verdict),
					Level: b.Level, Part: b.Part, Detail: o.Detail, Open: len(o.Violations) - n, Settled: n, WithProduction: c.Rule.IsAcross(), Scope: sc})
			}
		}
	}
	return in
}

// settledOf counts the violations whose findings are settled.
func settledOf(o *check.Outcome, settled map[string]bool) (n int) {
	if len(settled) == 0 {
		return 0
	}
	for _, v := range o.Violations {
		if settled[findingOf(*o, v)] {
			n++
		}
	}
	return n
}

// reads names the kinds behind a check that judges what is made of other facts.
func reads(c *check.Check) []string {
	switch c.Rule.Kind.Name {
	case "claims":
		return []string{"linuxhost", "sshd", "accounts"}
	case "vulnerabilities":
		return []string{"linuxhost", "packages", "components", "running"}
	case "endpointclaims":
		return []string{"tlsserver"}
	}
	return nil
}

func (w *world) asked(id string) bool {
	if len(w.only) == 0 || slices.Contains(w.only, id) {
		return true
	}
	return slices.ContainsFunc(w.checks, func(c *check.Check) bool {
		return slices.Contains(w.only, c.ID) && slices.Contains(c.Requirements, id)
	})
}

// sights says for each subject and kind whether it was seen.
func sights(outcomes []check.Outcome, scopes map[string][]requirement.Scope) []requirement.Sight {
	type key struct{ subject, kind string }
	done := map[key]bool{}
	var out []requirement.Sight
	for _, o := range outcomes {
		k := key{o.Observation.Subject, o.Check.Rule.Kind.Name}
		if done[k] {
			continue
		}
		done[k] = true
		for _, sc := range scopes[k.subject] {
			s := requirement.Sight{Subject: k.subject, Kind: k.kind, Scope: sc, State: requirement.Seen}
			if o.Observation.Problem != nil {
				s.State, s.Cause = requirement.Missing, o.Observation.Problem.Error()
			}
			out = append(out, s)
		}
	}
	return out
}

func (w *world) attestations(id string, now time.Time) []requirement.Attestation {
	if w.estate == nil {
		return nil
	}
	if zone, err := time.LoadLocation(w.estate.Timezone); err == nil {
		now = now.In(zone)
	}
	var out []requirement.Attestation
	for i := range w.estate.Attestations {
		a := &w.estate.Attestations[i]
		if a.Requirement != id {
			continue
		}
		r := requirement.Attestation{By: a.By, Until: a.Until.String(), InForce: a.State(now) == estate.AttestInForce}
		switch {
		case w.estate.Application(a.Subject) != nil:
			r.Application = a.Subject
		case w.estate.Environment(a.Subject) != nil:
			r.Environment = a.Subject
		default:
			r.Subject = a.Subject
		}
		out = append(out, r)
	}
	return out
}

// fill writes the report's parts.
func (w *world) fill(a *report.Assessment, outcomes []check.Outcome, known map[string]finding.Finding, now time.Time) {
	a.Pages = report.Pages{}
	for _, c := range w.checks {
		a.Pages[c.ID] = c
	}
	if w.estate != nil {
		a.Estate = report.Estate{Source: &w.path, Digest: w.estate.Digest}
	} else {
		a.RiskClass = &w.risk
	}
	a.Results, a.Requirements = make([]report.Result, 0, len(outcomes)), []report.Requirement{}
	for _, o := range outcomes {
		r := w.result(o, known, now)
		a.Results = append(a.Results, r)
		if o.Observation.Kind.Name == "findings" {
			continue // they are counted where they were found
		}
		for _, v := range r.Violations {
			if v.SettledBy == nil {
				a.Summary.FindingsOpen++
			}
			if v.Overdue {
				a.Summary.Overdue++
			}
		}
	}
	settled := map[string]bool{}
	for id, f := range known {
		if f.Settled(now) {
			settled[id] = true
		}
	}
	judged := w.requirementsOf(outcomes, settled, now)
	for _, j := range judged {
		r := report.Requirement{ID: j.ID, Title: j.Title, Level: string(j.Level), Status: string(j.Status), Reason: j.Reason,
			Checks: j.Checks, Failing: j.Failing, Subjects: j.Subjects, Applications: []report.Application{}}
		if r.Checks == nil {
			r.Checks = []string{}
		}
		for _, x := range j.Applications() {
			r.Applications = append(r.Applications, report.Application{Name: x.Name, RiskClass: string(x.Class), Status: string(x.Status)})
		}
		a.Requirements = append(a.Requirements, r)
	}
	s := requirement.Summarise(judged)
	a.Summary.Pass, a.Summary.Fail, a.Summary.Warn = s.Pass, s.Fail, s.Warn
	a.Summary.Justified, a.Summary.NotApplicable, a.Summary.Unknown = s.Justified, s.NotApplicable, s.Unknown
	a.Notes = append(notesOf(w.estate), w.warnings...)
	a.Notes = append(a.Notes, w.unused...)
	if waiting := w.drifting.note(); waiting != "" {
		a.Notes = append(a.Notes, waiting)
	}
	if hint := sudoHint(a.Hosts); hint != "" {
		a.Notes = append(a.Notes, hint)
	}
}

func (w *world) result(o check.Outcome, known map[string]finding.Finding, now time.Time) report.Result {
	c := o.Check
	r := report.Result{Check: c.ID, Title: c.Title, Requirements: c.Requirements, Subject: o.Observation.Subject, Kind: o.Observation.Kind.Name,
		Verdict: o.Verdict, Detail: o.Detail, Severity: o.Settings.Severity, ObservedAt: o.Observation.ObservedAt.UTC(), Collector: o.Observation.Collector,
		Fact: o.Observation.Digest, Level: o.Settings.Level, Stage: string(o.Declared.Stage()), Violations: make([]report.Violation, 0, len(o.Violations))}
	if o.Declared.Declared() {
		if apps := o.Declared.Applications(); len(apps) > 0 {
			r.Application = &apps[0].Name
		}
		if e := o.Declared.Environment(); e != nil {
			r.Environment = &e.Name
		}
		class := string(o.Declared.RiskClass())
		r.RiskClass = &class
	} else if w.estate == nil {
		r.RiskClass = &w.risk
	}
	for _, v := range o.Violations {
		out := report.Violation{Violation: v, Finding: findingOf(o, v)}
		if f, ok := known[out.Finding]; ok && f.State == finding.Open && o.Observation.Kind.Name != "findings" { // there it stands where it was found
			at := f.Identified.UTC()
			out.Identified, out.Due, out.Overdue = &at, f.Due, f.Overdue(now)
			if f.Settled(now) {
				out.SettledBy = &f.SettledBy
			}
		}
		r.Violations = append(r.Violations, out)
	}
	return r
}

// findingOf is the finding of a violation. A violation about a finding is no other one.
func findingOf(o check.Outcome, v check.Violation) string {
	if id, ok := strings.CutPrefix(v.Key, "finding:"); ok && o.Observation.Kind.Name == "findings" {
		return id
	}
	return finding.ID(o.Check.ID, o.Observation.Kind.Name, o.Observation.Subject, v.Key)
}
