// Package components knows which third-party components stand on a subject: libraries of applications as their own
// package managers and build tools name them, and what a list of components (SBOM) says. The packages of a host's
// distribution are those of the subject packages. It compares nothing with advisories.
package components

import (
	"cmp"
	"slices"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/vuln"
)

// Fact is the components of one subject.
type Fact struct {
	fact.Gaps `json:"gaps,omitempty"`
	Document  string         `json:"document,omitempty"`         // form of the list that names them: CycloneDX 1.6; empty: they were found in files
	Title     string         `json:"title,omitempty"`            // of what the list describes, in its own words
	Roots     []string       `json:"roots,omitempty" drift:"-"`  // folders that were looked through, with all that is below
	Files     int            `json:"files,omitempty" drift:"-"`  // looked at
	Packages  []vuln.Package `json:"packages,omitempty"`         // ordered; each ecosystem, name and version once
	Unkept    int            `json:"unkept,omitempty" drift:"-"` // of sorts for which nobody keeps advisories
	Linked    []Linked       `json:"linked,omitempty" drift:"-"` // of Go programs, ordered by place; of those that are missing nobody knows
}

// Linked is what a Go program is linked of: a set as package gosym writes it.
type Linked struct {
	Place string `json:"place"`
	Set   []byte `json:"set"`
}

// Kind names the fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "components", Version: 1} }

// Parts that may be missing.
const (
	PartFiles    = "files"    // some files could not be looked at
	PartIdentity = "identity" // some components cannot be told: no package URL, version or release
)

// MaxLinked is how many bytes of sets are kept of one subject.
const MaxLinked = 4 << 20

// MaxPlaces is how many files are kept of one component.
const MaxPlaces = 20

// Probe is how recorded facts are read.
var Probe = host.Probe[Fact]("components of applications")

// Canonical gives packages in order, each once, with all the places at which it was found.
func Canonical(all []vuln.Package) []vuln.Package {
	all = slices.Clone(all)
	slices.SortStableFunc(all, compare)
	out := all[:0]
	for _, p := range all {
		if n := len(out); n > 0 && compare(out[n-1], p) == 0 {
			last := &out[n-1]
			last.Places = slices.Concat(last.Places, p.Places)
			last.Installed = slices.Concat(last.Installed, p.Installed)
			last.Running = last.Running || p.Running
			continue
		}
		out = append(out, p)
	}
	for i := range out {
		out[i].Places = sorted(out[i].Places)
		out[i].Installed = sorted(out[i].Installed)
		if len(out[i].Places) > MaxPlaces {
			out[i].Places = out[i].Places[:MaxPlaces]
		}
	}
	return slices.Clip(out)
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}

func compare(a, b vuln.Package) int {
	return cmp.Or(cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
}
