package app

import (
	"fmt"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/subject/linuxhost"
)

func hostOf(subject string, l looked) report.Host {
	h := report.Host{Subject: subject, Target: l.target.text, Privilege: "partial", Problem: l.seen.problem, Gaps: map[string]string{}}
	if l.privileged {
		h.Privilege = "full"
	}
	for _, p := range l.parts {
		if p.fact != nil {
			addGaps(h.Gaps, p.kind.Name, p.fact)
		}
	}
	for kind, f := range l.seen.facts {
		addGaps(h.Gaps, kind, f)
		if n, ok := f.(linuxhost.Fact); ok {
			h.System = n.OS.Pretty
		}
	}
	return h
}

func addGaps(into map[string]string, kind string, f fact.Fact) {
	for part, p := range f.Missing() {
		into[kind+"."+part] = p.Error()
	}
}

// recordedHosts gathers the hosts of recorded observations.
type recordedHosts struct {
	list []report.Host
	at   map[string]int
}

func (r *recordedHosts) add(obs []fact.Observation) {
	for _, o := range obs {
		i, ok := r.at[o.Subject]
		if !ok {
			i = len(r.list)
			r.at[o.Subject] = i
			r.list = append(r.list, report.Host{Subject: o.Subject, Target: o.Collector, Privilege: "recorded", Problem: o.Problem, Gaps: map[string]string{}})
		}
		if o.Fact == nil {
			continue
		}
		h := &r.list[i]
		h.Problem = nil
		addGaps(h.Gaps, o.Kind.Name, o.Fact)
		if n, ok := o.Fact.(linuxhost.Fact); ok {
			h.System = n.OS.Pretty
		}
	}
}

// sudoHint says what running as root would add; empty when nothing.
func sudoHint(hosts []report.Host) string {
	n := 0
	for _, h := range hosts {
		if h.Problem == nil && h.Privilege == "partial" {
			n += len(h.Gaps)
		}
	}
	if n == 0 {
		return ""
	}
	if len(hosts) == 1 && hosts[0].Target == "host:local" {
		return fmt.Sprintf("Without root, %d parts could not be seen. All of them: sudo holdfast assess; which ones: holdfast doctor", n)
	}
	return fmt.Sprintf("Without root, %d parts could not be seen; which ones and what would show them: holdfast doctor TARGET", n)
}
