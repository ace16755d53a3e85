package app

import (
	"context"
	"slices"
	"time"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
)

// elsewhere gives the open vulnerabilities of the judged subjects that only other scanners report. They stand in the list
// beside those that were judged here, so that there is one list; the check says only what Holdfast itself sees.
func elsewhere(ctx context.Context, store *relational.Store, outcomes []check.Outcome, clock *finding.Clock, now time.Time) ([]report.Vulnerability, error) {
	var out []report.Vulnerability
	for _, o := range outcomes {
		if o.Check.ID != vulnerabilities.Known.ID {
			continue
		}
		open, _, err := store.OpenOf(ctx, o.Observation.Subject)
		if err != nil {
			return nil, err
		}
		for _, f := range open {
			if f.Check != vulnerabilities.Known.ID || slices.Contains(f.SeenBy(), finding.Holdfast) || f.Identified.After(now) {
				continue
			}
			f.Standing = clock.Stand(f, now)
			out = append(out, vulnerabilityOf(f, now))
		}
	}
	return out, nil
}

// vulnerabilityOf is an open finding about a vulnerability, as reports have it.
func vulnerabilityOf(f finding.Finding, now time.Time) report.Vulnerability {
	flaw := flawOf(f)
	v := report.Vulnerability{ID: flaw.ID, Aliases: slices.Concat([]string{}, flaw.Aliases), Package: flaw.Package, Version: flaw.Version, Ecosystem: flaw.Ecosystem, Purl: flaw.Purl,
		FixedIn: slices.Concat([]string{}, flaw.FixedIn), Severity: string(f.Severity), Rated: f.Why, Subject: f.Subject, Finding: f.ID, Status: "open",
		Identified: f.Identified.UTC(), FirstDue: f.FirstDue, Due: f.Due, Overdue: f.Overdue(now), Sources: f.Sources}
	if t := f.Threat; t != nil {
		v.KEV, v.EPSS = t.Exploited, t.EPSS
	}
	if f.Settled(now) {
		v.SettledBy, v.Status = &f.SettledBy, string(f.SettledAs)
	}
	return v
}
