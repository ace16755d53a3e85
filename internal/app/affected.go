package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/advisory"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
	"holdfast.example/holdfast/internal/vuln"
)

// AffectedQuery asks who carries what an advisory speaks of.
type AffectedQuery struct {
	State, DB, Estate string
	ID                string // CVE, GHSA or any other name of the flaw
	Now               time.Time
}

// AffectedSubject is a package of a subject that has the flaw.
type AffectedSubject struct {
	Subject       string   `json:"subject"`
	Vulnerability string   `json:"vulnerability"` // an erratum names several
	Ecosystem     string   `json:"ecosystem"`
	Package       string   `json:"package"`
	Version       string   `json:"version"`
	FixedIn       []string `json:"fixed_in"`
	Severity      string   `json:"severity"`
	KEV           bool     `json:"kev"`
	Teams         []string `json:"teams"`
	Finding       string   `json:"finding"` // the id that it has or will have once it is assessed
}

// AffectedList is who carries it, by what is recorded.
type AffectedList struct {
	ID       string            `json:"id"`
	Records  []string          `json:"records"`  // ids of the advisories that have the name
	Packages int               `json:"packages"` // that they speak of
	Looked   int               `json:"subjects"` // of which it is known what they carry
	Affected []AffectedSubject `json:"affected"`
	Notes    []string          `json:"notes"` // why what is missing may be there after all
}

// Affected tells which subjects carry a package that an advisory speaks of, in a version that has the flaw. It reads what
// is recorded and touches no system.
func Affected(ctx context.Context, q AffectedQuery) (*AffectedList, error) {
	state, err := StateDir(q.State)
	if err != nil {
		return nil, err
	}
	ix, err := advisory.At(filepath.Join(state, "advisories"), orders).Index(ctx, q.Now)
	if errors.Is(err, advisory.ErrEmpty) {
		return nil, &UsageError{errNoAdvisories.Error() + ": holdfast advisory update"}
	} else if err != nil {
		return nil, err
	}
	defer ix.Close()
	d, err := openDesk(ctx, q.State, q.DB, q.Estate, nil, q.Now)
	if err != nil {
		return nil, err
	}
	defer d.store.Close()
	if err := carry(ctx, d.store, d.estate, q.Now); err != nil {
		return nil, err
	}
	stale, err := staleness(ix.Feeds(), q.Now)
	if err != nil {
		return nil, err
	}
	out, err := affected(ctx, d, &advisories{Source: ix, stale: stale}, ix, q.ID)
	if err != nil {
		return nil, err
	}
	if err := ix.Err(); err != nil {
		return nil, fmt.Errorf("find who carries %s: %w; the next holdfast assess makes it anew", q.ID, err)
	}
	return out, nil
}

// affectedSource is what an advisory is looked up in, besides being matched.
type affectedSource interface {
	vuln.Source
	Record(id string) []vuln.Record
	Affecting(id string) []advisory.Of
}

func affected(ctx context.Context, d *desk, a *advisories, s affectedSource, id string) (*AffectedList, error) {
	out := &AffectedList{ID: spelled(s, id), Records: []string{}, Affected: []AffectedSubject{}, Notes: []string{}}
	names := []string{out.ID}
	for _, r := range s.Record(out.ID) {
		if !slices.Contains(out.Records, r.ID) {
			out.Records = append(out.Records, r.ID)
		}
		names = append(names, slices.Concat([]string{r.ID}, r.Aliases, r.Upstream, r.Related)...)
	}
	if len(out.Records) == 0 {
		return nil, &UsageError{fmt.Sprintf("no advisory here is called %s; fetch what is new: holdfast advisory update", id)}
	}
	var err error
	if a.names, err = d.store.NamesOf(ctx, names); err != nil {
		return nil, err
	}
	if out.Looked, err = d.store.Carriers(ctx); err != nil {
		return nil, err
	}
	type place struct{ ecosystem, name string }
	seen, doubted := map[place]bool{}, map[string]bool{}
	for _, of := range s.Affecting(out.ID) {
		p := place{of.Ecosystem, of.Name}
		if seen[p] {
			continue
		}
		seen[p] = true
		out.Packages++
		list, err := carriersOf(ctx, d, a, s, out.ID, p.ecosystem, p.name)
		if err != nil {
			return nil, err
		}
		out.Affected = append(out.Affected, list...)
		if base := vuln.Base(p.ecosystem); !doubted[base] {
			doubted[base] = true
			if err := a.stale(base); err != nil {
				out.Notes = append(out.Notes, "advisories: "+err.Error())
			}
		}
	}
	slices.SortFunc(out.Affected, func(a, b AffectedSubject) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Vulnerability, b.Vulnerability))
	})
	return out, nil
}

// spelled gives a name as the records write it: CVE-2024-1 and GHSA-abcd, however it was typed.
func spelled(s affectedSource, id string) string {
	prefix, rest, _ := strings.Cut(id, "-")
	for _, try := range []string{id, strings.ToUpper(id), strings.ToUpper(prefix) + "-" + strings.ToLower(rest)} {
		if len(s.Record(try)) > 0 {
			return try
		}
	}
	return id
}

// carriersOf gives the subjects that carry one package in a version with the flaw. Each version is matched once, however
// many carry it, by the same rules as an assessment: so it is the same finding.
func carriersOf(ctx context.Context, d *desk, a *advisories, s vuln.Source, id, ecosystem, name string) (out []AffectedSubject, err error) {
	order, ok := orders(ecosystem)
	if !ok {
		return nil, nil
	}
	near := narrowed(s, id, ecosystem, name)
	matches := map[string][]vulnerabilities.Match{}
	carriers, err := d.store.Carrying(ctx, ecosystem, name, func(version string) bool {
		for _, m := range vuln.Of(vuln.Package{Ecosystem: ecosystem, Name: name, Version: version}, order, near) {
			if m.ID == id || slices.Contains(m.Aliases, id) {
				matches[version] = append(matches[version], vulnerabilities.Match{Match: m, Name: a.name(m)})
			}
		}
		return len(matches[version]) > 0
	})
	if err != nil {
		return nil, err
	}
	kind := vulnerabilities.Fact{}.Kind().Name
	for _, c := range carriers {
		teams := c.Teams
		if d.estate != nil {
			teams = teamsOf(d.estate, c.Subject)
		}
		for _, m := range matches[c.Version] {
			out = append(out, AffectedSubject{Subject: c.Subject, Vulnerability: m.ID, Ecosystem: ecosystem, Package: name, Version: c.Version, FixedIn: slices.Concat([]string{}, m.Fixed),
				Severity: string(m.Severity), KEV: m.KEV, Teams: slices.Concat([]string{}, teams), Finding: finding.ID(vulnerabilities.Known.ID, kind, c.Subject, m.Key())})
		}
	}
	return out, nil
}

var _ affectedSource = (*advisory.Index)(nil)
