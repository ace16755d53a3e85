package app

import (
	"fmt"
	"slices"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/subject/environment"
	"holdfast.example/holdfast/internal/subject/linuxhost"
)

func hostOf(subject string, l looked) report.Host {
	h := report.Host{Subject: subject, Target: l.target.text, Privilege: "partial", Problem: l.seen.problem, Gaps: map[string]string{}}
	if l.privileged {
		h.Privilege = "full"
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

// hostsOf gives the hosts of recorded observations.
func hostsOf(obs []fact.Observation) []report.Host {
	var out []report.Host
	for _, o := range obs {
		i := slices.IndexFunc(out, func(h report.Host) bool { return h.Subject == o.Subject })
		if i < 0 {
			i = len(out)
			out = append(out, report.Host{Subject: o.Subject, Target: o.Collector, Privilege: "recorded", Problem: o.Problem, Gaps: map[string]string{}})
		}
		if o.Fact == nil {
			continue
		}
		out[i].Problem = nil
		addGaps(out[i].Gaps, o.Kind.Name, o.Fact)
		if n, ok := o.Fact.(linuxhost.Fact); ok {
			out[i].System = n.OS.Pretty
		}
	}
	return out
}

// claimsOf gives what a fact claims for its subject alone.
func claimsOf(kind string, f fact.Fact) []fact.Claim {
	if f == nil {
		return nil
	}
	for _, s := range all.Sources() {
		if s.Kind.Name == kind && s.Claims != nil {
			return s.Claims(f)
		}
	}
	return nil
}

// claimGaps names the claims that a part of a fact would have given.
var claimGaps = map[string]map[string][]string{
	"linuxhost": {"machine_id": {"machine_id"}},
	"sshd":      {"host_keys": {"host_key"}, "user_cas": {"user_ca"}, "config": {"user_ca"}, "installed": {"host_key", "user_ca"}},
	"accounts":  {"shadow": {"verifier"}, "passwd": {"verifier", "authorized_key"}, "authorized_keys": {"authorized_key"}},
}

// withClaims adds one observation of kind claims for each subject: what all its facts claim. It is
// made anew at each judging and not recorded.
func withClaims(obs []fact.Observation) []fact.Observation {
	var subjects []string
	by := map[string]*environment.Claims{}
	first := map[string]fact.Observation{}
	for _, o := range obs {
		c, ok := by[o.Subject]
		if !ok {
			c = &environment.Claims{}
			by[o.Subject], first[o.Subject] = c, o
			subjects = append(subjects, o.Subject)
		}
		if o.Fact == nil {
			for _, kinds := range claimGaps[o.Kind.Name] {
				for _, k := range kinds {
					c.Note(k, o.Problem)
				}
			}
			continue
		}
		c.List = append(c.List, claimsOf(o.Kind.Name, o.Fact)...)
		for part, p := range o.Fact.Missing() {
			for _, k := range claimGaps[o.Kind.Name][part] {
				c.Note(k, &p)
			}
		}
	}
	out := slices.Clone(obs)
	for _, s := range subjects {
		c := by[s]
		slices.SortFunc(c.List, fact.Claim.Compare)
		f := first[s]
		o := fact.Observation{Subject: s, Kind: c.Kind(), Fact: *c, ObservedAt: f.ObservedAt, Collector: f.Collector}
		if allLost(obs, s) {
			o.Fact, o.Problem = nil, f.Problem
		} else if data, err := fact.Canonical(*c); err == nil {
			o.Digest = fact.Digest(data)
		}
		out = append(out, o)
	}
	return out
}

func allLost(obs []fact.Observation, subject string) bool {
	return !slices.ContainsFunc(obs, func(o fact.Observation) bool { return o.Subject == subject && o.Fact != nil })
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
