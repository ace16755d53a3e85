package app

import (
	"context"
	"time"

	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/subject/components"
	"holdfast.example/holdfast/internal/subject/linuxhost"
	"holdfast.example/holdfast/internal/subject/packages"
	"holdfast.example/holdfast/internal/vuln"
)

// Parts of what a subject carries: what a package manager of a distribution installed, and what came with applications
// or stands in a list.
const (
	partDistribution = "distribution"
	partComponents   = "components"
)

// instances are what the subjects carry, as it is kept for the way from an advisory to them. A subject whose packages
// were not seen whole keeps what is known of it: vanished is not gone.
func (v *carriers) instances(e *estate.Estate) (out []relational.Carried) {
	for _, subject := range v.subjects {
		c := v.by[subject]
		if c.listing.Subject != "" && c.listing.Problem == nil && len(c.components.Missing()) == 0 {
			listed := relational.Carried{Subject: subject, Part: partComponents, Teams: teamsOf(e, subject), SeenAt: c.listing.ObservedAt}
			for _, p := range c.components.Packages {
				listed.Packages = append(listed.Packages, vuln.Package{Ecosystem: vuln.Ecosystem(p.Ecosystem), Name: vuln.Name(p.Ecosystem, p.Name), Version: p.Version})
			}
			out = append(out, listed)
		}
		ecosystem, known := vuln.OfRelease(c.os.ID, c.os.Version)
		if c.seen.Subject == "" || c.seen.Problem != nil || c.gap != nil || c.manager == "" || !known {
			continue
		}
		one := relational.Carried{Subject: subject, Part: partDistribution, Teams: teamsOf(e, subject), SeenAt: c.seen.ObservedAt}
		for _, p := range c.packages {
			one.Packages = append(one.Packages, vuln.Package{Ecosystem: vuln.Ecosystem(ecosystem), Name: vuln.Name(ecosystem, p.Name), Version: p.Version})
		}
		out = append(out, one)
	}
	return out
}

// teamsOf are those that a subject belongs to by its applications; none without an estate.
func teamsOf(e *estate.Estate, subject string) (out []string) {
	if e == nil {
		return nil
	}
	for _, a := range e.View(subject).Applications() {
		if a.Team != "" {
			out = append(out, a.Team)
		}
	}
	return out
}

// carry keeps what subjects carry where a database was written before that was kept, from the newest facts of each.
func carry(ctx context.Context, store *relational.Store, e *estate.Estate, now time.Time) error {
	n, err := store.Carriers(ctx)
	if err != nil || n > 0 {
		return err
	}
	v, w := newCarriers(), &world{sources: all.Sources()}
	for _, kind := range []string{linuxhost.Fact{}.Kind().String(), packages.Fact{}.Kind().String(), components.Fact{}.Kind().String()} {
		obs, err := store.Latest(ctx, kind, now, w.decode)
		if err != nil {
			return err
		}
		v.add(obs)
	}
	if list := v.instances(e); len(list) > 0 {
		return store.Carry(ctx, list)
	}
	return nil
}
