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
	for _, s := range slices.Concat(all.Sources(), all.Probes()) {
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
	"tlsserver": {"chain": {environment.CertificateKey}},
	"accounts":  {"shadow": {"verifier"}, "passwd": {"verifier", "authorized_key"}, "authorized_keys": {"authorized_key"}},
}

// claims gathers for each subject what all its facts claim, as one observation. It is made anew at
// each judging and not recorded. Endpoints are kept apart from hosts, which have claims that no endpoint has.
type claims struct{ hosts, endpoints gathered }

type gathered struct {
	subjects []string
	by       map[string]*claimant
}

type claimant struct {
	environment.Claims
	first fact.Observation
	seen  bool // at least one fact is there
}

func newClaims() *claims {
	return &claims{hosts: gathered{by: map[string]*claimant{}}, endpoints: gathered{by: map[string]*claimant{}}}
}

func (c *claims) add(obs []fact.Observation) {
	for _, o := range obs {
		g := &c.hosts
		if i := slices.IndexFunc(all.Probes(), func(p host.Source) bool { return p.Kind == o.Kind }); i >= 0 {
			if g = &c.endpoints; all.Probes()[i].Claims == nil {
				continue
			}
		}
		s, ok := g.by[o.Subject]
		if !ok {
			s = &claimant{first: o}
			s.first.Fact = nil
			g.by[o.Subject] = s
			g.subjects = append(g.subjects, o.Subject)
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

// observations gives what was gathered, as a fact that is made of the claims.
func (g gathered) observations(made func(environment.Claims) fact.Fact) []fact.Observation {
	var out []fact.Observation
	for _, name := range g.subjects {
		s := g.by[name]
		slices.SortFunc(s.List, fact.Claim.Compare)
		seen := made(s.Claims)
		o := fact.Observation{Subject: name, Kind: seen.Kind(), ObservedAt: s.first.ObservedAt, Collector: s.first.Collector}
		if !s.seen {
			o.Problem = s.first.Problem
		} else {
			o.Fact = seen
			if data, err := fact.Canonical(seen); err == nil {
				o.Digest = fact.Digest(data)
			}
		}
		out = append(out, o)
	}
	return out
}
