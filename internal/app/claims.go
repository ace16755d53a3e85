package app

import (
	"slices"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/subject/environment"
)

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

// claims gathers for each subject what all its facts claim, as one observation. It is made anew at
// each judging and not recorded.
type claims struct {
	subjects []string
	by       map[string]*claimant
}

type claimant struct {
	environment.Claims
	first fact.Observation
	seen  bool // at least one fact is there
}

func newClaims() *claims { return &claims{by: map[string]*claimant{}} }

func (c *claims) add(obs []fact.Observation) {
	for _, o := range obs {
		if slices.ContainsFunc(all.Probes(), func(p host.Source) bool { return p.Kind == o.Kind }) {
			continue // endpoints and components claim nothing yet
		}
		s, ok := c.by[o.Subject]
		if !ok {
			s = &claimant{first: o}
			s.first.Fact = nil
			c.by[o.Subject] = s
			c.subjects = append(c.subjects, o.Subject)
		}
		if o.Fact == nil {
			for _, kinds := range claimGaps[o.Kind.Name] {
				for _, k := range kinds {
					s.Note(k, o.Problem)
				}
			}
			continue
		}
		s.seen = true
		s.List = append(s.List, claimsOf(o.Kind.Name, o.Fact)...)
		for part, p := range o.Fact.Missing() {
			for _, k := range claimGaps[o.Kind.Name][part] {
				s.Note(k, &p)
			}
		}
	}
}

func (c *claims) observations() []fact.Observation {
	var out []fact.Observation
	for _, name := range c.subjects {
		s := c.by[name]
		slices.SortFunc(s.List, fact.Claim.Compare)
		o := fact.Observation{Subject: name, Kind: s.Kind(), ObservedAt: s.first.ObservedAt, Collector: s.first.Collector}
		if !s.seen {
			o.Problem = s.first.Problem
		} else {
			o.Fact = s.Claims
			if data, err := fact.Canonical(s.Claims); err == nil {
				o.Digest = fact.Digest(data)
			}
		}
		out = append(out, o)
	}
	return out
}
