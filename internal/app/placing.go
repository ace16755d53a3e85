package app

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/subject/tlsserver"
	"holdfast.example/holdfast/internal/web"
)

// Endpoints gives the endpoints that speak TLS as they were last seen, of what a viewer sees, the first certificate to end first.
func (p *pages) Endpoints(ctx context.Context, v access.Viewer) (out []web.Endpoint, err error) {
	now, e := time.Now(), p.known()
	err = withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error {
		obs, err := s.Latest(ctx, tlsserver.Probe.Kind.String(), now, (&world{}).decode)
		for _, o := range obs {
			f, ok := o.Fact.(tlsserver.Fact)
			view := e.View(o.Subject)
			if !ok || !v.Sees(ownersOf(view), namesOf(view)) {
				continue
			}
			r := endpointOf(o.Subject, f, now)
			x := web.Endpoint{Address: r.Address, IP: r.IP, Grade: cmp.Or(r.Grade, "none"), Protocols: r.Protocols, Reasons: r.Reasons, Applications: namesOf(view), Seen: o.ObservedAt}
			if c := r.Certificate; c != nil {
				x.Subject, x.Issuer, x.NotAfter = c.Subject, c.Issuer, c.NotAfter
			}
			out = append(out, x)
		}
		return err
	})
	slices.SortFunc(out, func(a, b web.Endpoint) int {
		return cmp.Or(a.NotAfter.Compare(b.NotAfter), cmp.Compare(a.Address, b.Address), cmp.Compare(a.IP, b.IP))
	})
	return out, err
}

// Certificates gives those of the endpoints that a viewer sees.
func (p *pages) Certificates(ctx context.Context, v access.Viewer) ([]web.Certificate, error) {
	sees := func(view estate.View) bool { return v.Sees(ownersOf(view), namesOf(view)) }
	return Certificates(ctx, CertificateQuery{State: p.o.State, DB: p.o.DB, Now: time.Now(), known: p.known(), sees: sees})
}

// SBOM gives the software of a system that a viewer sees, as a list of components in one of the forms of holdfast sbom.
func (p *pages) SBOM(ctx context.Context, v access.Viewer, name, form string) ([]byte, error) {
	d, err := p.drawn(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(d.systems, func(s web.System) bool { return s.Name == name })
	if i < 0 || !v.Sees(d.systems[i].Teams, d.systems[i].Applications) {
		return nil, web.ErrNone
	}
	inventory, err := InventoryOf(ctx, p.o.State, p.o.DB, p.o.Version, name, time.Now())
	var none *UsageError
	if errors.As(err, &none) {
		return nil, web.ErrNone
	} else if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	write := WriteCycloneDX
	if form == "spdx" {
		write = WriteSPDX
	}
	err = write(&out, *inventory)
	return out.Bytes(), err
}

// nodesShown is how many systems of an environment are drawn one by one; of more, those of an application stand together.
const nodesShown = 40

// Estate gives what is declared, of what a viewer sees.
func (p *pages) Estate(ctx context.Context, v access.Viewer) (out web.Estate, err error) {
	d, err := p.drawn(ctx)
	if err != nil || d.world.estate == nil {
		return out, err
	}
	e := d.world.estate
	out.Organization = e.Organization
	work := map[string]web.System{}
	for _, s := range d.seen(v) {
		work[s.Name] = s
	}
	known := map[string]string{} // system to node
	for _, env := range e.Environments {
		x := web.Environment{Name: env.Name, Stage: string(env.Stage)}
		var nodes []web.Node
		add := func(subject, name, zone string, view estate.View) {
			if v.Sees(ownersOf(view), namesOf(view)) {
				s := work[subject]
				nodes = append(nodes, web.Node{ID: subject, Name: name, Zone: zone, Path: "/systems/" + pathOf(subject), Open: s.Open, Overdue: s.Overdue})
			}
		}
		for i := range e.Systems {
			if s := &e.Systems[i]; s.Environment == env.Name {
				add(s.Subject(), s.Name, s.Zone, e.View(s.Subject()))
			}
		}
		for i := range e.Backends {
			if b := &e.Backends[i]; b.Environment == env.Name {
				add(b.Subject(), b.Name, b.Zone, e.View(b.Subject()))
			}
		}
		for _, n := range nodes {
			known[n.ID] = n.ID
		}
		if len(nodes) > nodesShown {
			nodes = together(e, nodes, known)
		}
		x.Nodes = nodes
		if len(nodes) > 0 || v.All {
			out.Environments = append(out.Environments, x)
		}
	}
	out.Flows = flowsOf(e, known, d.local(time.Now()))
	return out, nil
}

// together puts the systems of an application into one node.
func together(e *estate.Estate, nodes []web.Node, known map[string]string) (out []web.Node) {
	at, n := map[string]int{}, map[string]int{}
	for _, x := range nodes {
		name := cmp.Or(strings.Join(namesOf(e.View(x.ID)), ", "), "of no application")
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name] = i
			environment, _, _ := strings.Cut(x.ID, "/")
			out = append(out, web.Node{ID: environment + "/*" + name, Path: "/systems?q=" + pathOf(strings.ReplaceAll(name, ",", " "))})
		}
		n[name]++
		known[x.ID] = out[i].ID
		out[i].Name = fmt.Sprintf("%s (%d)", name, n[name])
		out[i].Open, out[i].Overdue = out[i].Open+x.Open, out[i].Overdue+x.Overdue
	}
	return out
}

// flowsOf are the flows of which one end is known.
func flowsOf(e *estate.Estate, known map[string]string, today time.Time) (out []web.Flow) {
	day := today.Format(time.DateOnly)
	for _, f := range e.Flows {
		from, a := known[f.From]
		to, b := known[f.To]
		if !a && !b {
			continue
		}
		until := f.Until.String()
		out = append(out, web.Flow{From: cmp.Or(from, f.From), To: cmp.Or(to, f.To), Port: strconv.Itoa(f.Port), Protocol: f.Protocol, Reason: f.Reason, ApprovedBy: f.ApprovedBy, Encrypted: f.Encrypted, Until: until, Ended: until != "" && until < day})
	}
	return out
}

// Drift gives what differs from what was approved, of what a viewer sees.
func (p *pages) Drift(ctx context.Context, v access.Viewer) (out []web.DriftGroup, known bool, err error) {
	e := p.known()
	sees := func(subject string) bool { view := e.View(subject); return v.Sees(ownersOf(view), namesOf(view)) }
	baselines, err := Baselines(ctx, DriftQuery{State: p.o.State, DB: p.o.DB})
	if err != nil {
		return nil, false, err
	}
	for _, b := range baselines {
		known = known || sees(b.Subject)
	}
	groups, _, err := Drift(ctx, DriftQuery{State: p.o.State, DB: p.o.DB})
	for _, g := range groups {
		if sees(g.Subject) {
			out = append(out, web.DriftGroup{Subject: g.Subject, Key: g.Key, FirstSeen: g.FirstSeen, Proposed: g.Proposed, Changes: g.Changes})
		}
	}
	return out, known, err
}

// ApproveDrift approves in the name of who logged in.
func (p *pages) ApproveDrift(ctx context.Context, v access.Viewer, subject, key, reason string) error {
	view := p.known().View(subject)
	if v.Person == "" || !v.Sees(ownersOf(view), namesOf(view)) || subject == "" {
		return web.ErrNone
	}
	a := DriftApproval{State: p.o.State, DB: p.o.DB, Estate: p.o.Estate, known: p.known(), Subject: subject, Reason: reason, Person: v.Person}
	if key != "" {
		a.Keys = []string{key}
	}
	_, err := ApproveDrift(ctx, a)
	return mistaken(err)
}

// Settings gives what the control plane runs with.
func (p *pages) Settings(ctx context.Context) (out []web.Setting, err error) {
	add := func(name, value, change string) {
		out = append(out, web.Setting{Name: name, Value: cmp.Or(value, "none"), Change: change})
	}
	state, err := StateDir(p.o.State)
	if err != nil {
		return nil, err
	}
	add("Version", p.o.Version, "installing another")
	add("State folder", state, "--state")
	add("Pages", p.o.Listen, "--listen")
	certificate := p.o.TLSCert
	switch {
	case len(p.o.ACME.Names) > 0:
		certificate = "by ACME, for " + strings.Join(p.o.ACME.Names, ", ")
	case p.o.TLSSelf:
		certificate = "self-made"
	}
	add("Certificate", certificate, "--acme, --tls-cert and --tls-key")
	add("Log-in elsewhere", p.o.OIDC.Issuer, "--oidc-issuer, --oidc-client")
	add("Agents", p.o.Agents, "--agents")
	add("Reports of agents", "every "+p.o.Every.String(), "--every")
	add("Metrics", p.o.Metrics, "--metrics")
	add("Traces", p.o.Traces.URL, "--traces")
	add("Estate", p.o.Estate, "-f")
	e := p.known()
	if e != nil {
		l := e.Limits()
		add("Digest of the estate", e.Digest, "changing the estate")
		add("Organization", e.Organization, "organization")
		add("Time zone and calendar", e.Timezone+" "+e.Calendar, "timezone, calendar, closures")
		add("Two people for a decision", string(l.FourEyes), "policy.four_eyes")
	}
	every := cmp.Or(p.o.ScanEvery.String(), "")
	if p.o.ScanEvery == 0 {
		every = "24h"
		if e != nil {
			every = e.Limits().ScanInterval.String()
		}
	}
	if !p.o.Scan {
		every = "never"
	}
	add("Systems are looked at", every, "--scan, --scan-every, policy.scan_interval")
	kept := "for ever"
	if p.o.Keep > 0 {
		kept = fmt.Sprintf("%d days, and what is held or was seen last for longer", p.o.Keep)
	}
	add("Runs are kept", kept, "--keep, holdfast hold")
	add("Checks", strconv.Itoa(len(all.Checks())), "installing another version; checks of the estate")
	feeds, err := AdvisoryFeeds(p.o.State, time.Now())
	for _, f := range feeds {
		value := fmt.Sprintf("%d records, %d hours old", f.Records, f.AgeHours)
		if f.Stale {
			value += ": older than it may be, so that nothing found means nothing"
		}
		add("Advisories: "+f.Name, value, "holdfast advisory update, import")
	}
	if len(feeds) == 0 {
		add("Advisories", "none: what is vulnerable is unknown", "holdfast advisory update")
	}
	return out, err
}
