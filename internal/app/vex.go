package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
	"holdfast.example/holdfast/internal/vuln"
	"holdfast.example/holdfast/internal/waiver"
)

// VEX says of every vulnerability that was found what became of it.
func VEX(ctx context.Context, stateFlag, db, estatePath, version string, now time.Time) (report.VEX, error) {
	v := report.VEX{At: now, Version: version}
	d, err := openDesk(ctx, stateFlag, db, estatePath, nil, now)
	if err != nil {
		return v, err
	}
	defer d.store.Close()
	if d.estate != nil {
		v.Author = d.estate.Organization
	}
	v.Notes = notesOf(d.estate)
	list, err := d.store.Findings(ctx)
	if err != nil {
		return v, err
	}
	for _, f := range list {
		if f.Check != vulnerabilities.Known.ID {
			continue
		}
		if f.State == finding.Open {
			f.Standing = d.clock.Stand(f, now)
		}
		v.Statements = append(v.Statements, statement(f, d.clock.Waivers[f.ID], now))
	}
	slices.SortFunc(v.Statements, func(a, b report.Statement) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Finding, b.Finding))
	})
	return v, nil
}

// flawOf gives the vulnerability of a finding; of one that was recorded before these were kept, from its key.
func flawOf(f finding.Finding) check.Flaw {
	if f.Flaw != nil {
		return *f.Flaw
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(f.Key, "vulnerability:"), "@")
	ecosystem, pkg, _ := strings.Cut(rest, "/")
	return check.Flaw{ID: name, Ecosystem: ecosystem, Package: pkg, Purl: strings.TrimSuffix(strings.Replace(vuln.Package{Ecosystem: ecosystem, Name: pkg}.PURL(), "@?", "?", 1), "@")}
}

// statement says what holds of a finding. A false positive is told as not affected once it is decided; while it is only
// asked for, it is under investigation.
func statement(f finding.Finding, decisions []waiver.Waiver, now time.Time) report.Statement {
	flaw := flawOf(f)
	s := report.Statement{Finding: f.ID, ID: flaw.ID, Aliases: flaw.Aliases, Severity: string(f.Severity), Subject: f.Subject, Package: flaw.Package, Version: flaw.Version, Purl: flaw.Purl,
		Status: report.Affected, Since: f.Identified}
	if f.State == finding.Closed && !f.ClosedAt.After(now) {
		s.Status, s.Since, s.Notes = report.Fixed, *f.ClosedAt, "seen to be gone, after it had been there"
		return s
	}
	s.Action, s.Answer = "no fix is known yet; shield it or turn it off", ""
	if len(flaw.FixedIn) > 0 {
		s.Action, s.Answer = "update to "+strings.Join(flaw.FixedIn, " or "), "update"
	}
	if f.Due != nil {
		s.Action += ", by " + f.Due.UTC().Format("2006-01-02 15:04 MST")
	}
	var settles *waiver.Waiver
	for i := range decisions {
		switch w := &decisions[i]; {
		case w.ID == f.SettledBy && f.Settled(now):
			settles = w
		case w.Kind == waiver.FalsePositive && w.At(now) == waiver.Requested && !w.RequestedAt.After(now):
			s.Status, s.Action, s.Answer, s.Since = report.UnderInvestigation, "", "", w.RequestedAt
			s.Notes = fmt.Sprintf("%s asked for %s to be decided a false positive: %s", w.RequestedBy.Person, w.ID, w.Reason)
		}
	}
	if settles == nil {
		return s
	}
	by := ""
	if settles.DecidedBy != nil && settles.DecidedAt != nil {
		s.Since, by = *settles.DecidedAt, settles.DecidedBy.Person
	}
	s.Notes = fmt.Sprintf("decision %s by %s until %s", settles.ID, by, settles.Until.UTC().Format(time.DateOnly))
	s.Status, s.Answer = report.Affected, ""
	switch settles.Kind {
	case waiver.FalsePositive:
		s.Status, s.Action, s.Impact = report.NotAffected, "", settles.Reason
	case waiver.Acceptance:
		s.Action, s.Answer = "the risk is accepted: "+settles.Reason, "can_not_fix"
	case waiver.Mitigation:
		s.Action, s.Answer = "mitigated: "+settles.Done, "workaround_available"
	}
	return s
}
