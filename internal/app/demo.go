package app

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/waiver"
)

// The company of the demo: its estate, facts of its hosts at some times, a few advisories. See NOTICE.md there.
//
//go:embed demo
var demo embed.FS

// demoLooksFile are facts by digest, and who showed which, how many days ago.
type demoLooksFile struct {
	Facts map[string]demoFact `json:"facts"`
	Looks []demoLook          `json:"looks"` // the oldest first
}

type demoFact struct {
	Kind string          `json:"kind"` // name/version
	Data json.RawMessage `json:"data"` // canonical
}

type demoLook struct {
	Days  int                 `json:"days"`
	Hosts map[string][]string `json:"hosts"` // subject to digests
}

func demoRecording() (out demoLooksFile, err error) {
	packed, err := demo.ReadFile("demo/looks.json.zst")
	if err != nil {
		return out, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return out, err
	}
	defer dec.Close()
	data, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return out, fmt.Errorf("the recording of the demo is damaged: %w", err)
	}
	return out, json.Unmarshal(data, &out)
}

// Demo makes the company in a folder of its own, with three months of history that end now, and serves it to whoever looks,
// read-only. The folder is gone afterwards.
func Demo(ctx context.Context, o ServeOptions) (err error) {
	dir, err := os.MkdirTemp("", "holdfast-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o.State, o.DB, o.Estate = filepath.Join(dir, "state"), "", filepath.Join(dir, "demo", "estate.yaml")
	o.Agents, o.Metrics, o.Scan, o.guest = "", "", false, true
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if err := os.CopyFS(dir, demo); err != nil {
		return err
	}
	if err := liveThrough(ctx, o, time.Now()); err != nil {
		return err
	}
	return Serve(ctx, o)
}

// liveThrough lets the company's history happen.
func liveThrough(ctx context.Context, o ServeOptions, now time.Time) error {
	if _, err := ImportAdvisories(ctx, o.State, filepath.Join(filepath.Dir(o.Estate), "advisories"), now, func(string) {}); err != nil {
		return err
	}
	looks, err := demoRecording()
	if err != nil {
		return err
	}
	w, err := load(Options{Estate: o.Estate})
	if err != nil {
		return err
	}
	g := gallery{known: map[string]*thin{}}
	for i, look := range looks.Looks {
		at := now.AddDate(0, 0, -look.Days).Add(-time.Minute)
		heard, err := look.heard(w, looks.Facts, at)
		if err != nil {
			return err
		}
		if _, err := Assess(ctx, Options{State: o.State, Estate: o.Estate, Version: o.Version, Now: at, heard: heard}); err != nil {
			return err
		}
		until := now
		if i+1 < len(looks.Looks) {
			until = now.AddDate(0, 0, -looks.Looks[i+1].Days)
		}
		if err := g.live(ctx, o, w, at, until); err != nil {
			return err
		}
	}
	if err := decideDemo(ctx, o, now); err != nil {
		return err
	}
	return withStore(ctx, o.State, o.DB, func(s *relational.Store) error {
		agents := demoAgents(now)
		for _, a := range agents {
			i := agent.Invitation{Digest: a.ID, Environment: a.Environment, Subject: a.Subject, Made: a.Joined, Until: a.Joined.Add(agent.InvitationTime)}
			if err := s.Invite(ctx, i); err != nil {
				return err
			}
			if err := s.Admit(ctx, i.Digest, a, a.Joined); err != nil {
				return err
			}
		}
		return s.Heard(ctx, agents)
	})
}

// live draws a few days from a look to the next, for the trend.
func (g *gallery) live(ctx context.Context, o ServeOptions, w *world, from, until time.Time) error {
	return withStore(ctx, o.State, o.DB, func(s *relational.Store) error {
		for day := from; day.Before(until); day = day.AddDate(0, 0, 7) {
			d, err := g.draw(ctx, s, w, day)
			if err != nil {
				return err
			}
			if err := s.PutDay(ctx, d.local(day).Format(time.DateOnly), d.day()); err != nil {
				return err
			}
		}
		return nil
	})
}

// heard are the hosts of a look, as if agents had reported them.
func (l demoLook) heard(w *world, facts map[string]demoFact, at time.Time) (out []heard, err error) {
	names := make([]string, 0, len(l.Hosts))
	for name := range l.Hosts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		target := "ssh://" + name
		x := looked{target: targetOf(name, target), collector: target, privileged: true, seen: seen{at: at.UTC(), facts: map[string]fact.Fact{}, problems: map[string]*fact.Problem{}}}
		for _, s := range all.Sources() {
			x.problems[s.Kind.Name] = &fact.Problem{Cause: fact.Unsupported, Source: target, Text: "it was not recorded for the demo"}
		}
		for _, digest := range l.Hosts[name] {
			f := facts[digest]
			content, err := w.decode(f.Kind, f.Data)
			if err != nil {
				return nil, fmt.Errorf("the recording of the demo: %w", err)
			}
			kind, err := run.ParseKind(f.Kind)
			if err != nil {
				return nil, err
			}
			if _, of := x.problems[kind.Name]; of {
				x.facts[kind.Name] = content
				delete(x.problems, kind.Name)
			} else {
				x.parts = append(x.parts, part{kind: kind, fact: content})
			}
		}
		out = append(out, heard{looked: x})
	}
	return out, nil
}

func targetOf(name, text string) target { return target{text: text, declared: name} }

// decideDemo takes a few decisions, by those who may.
func decideDemo(ctx context.Context, o ServeOptions, now time.Time) error {
	day := func(n int) string { return now.AddDate(0, 0, n).Format(time.DateOnly) }
	for _, x := range []struct {
		subject, check, until, decider string
		waiver.Waiver
	}{
		{"prod/shop-db", "sshd-root-login", day(30), "", waiver.Waiver{Kind: waiver.Extension, Reason: "The supplier of the backup agent logs in as root until its next release."}},
		{"prod/build-1", "sudo-nopasswd-all", day(120), "maria", waiver.Waiver{Kind: waiver.Acceptance, Reason: "The build account starts disposable machines alone; a new builder is planned for the summer.", Reference: "BUILD-482"}},
		{"prod/wiki-1", "sshd-x11-forwarding", day(90), "sam", waiver.Waiver{Kind: waiver.Mitigation, Done: "No X server is installed on any machine that logs in there.", Effect: "nothing can be forwarded", Reference: "CHG-1207"}},
	} {
		page, err := Findings(ctx, FindingQuery{State: o.State, Estate: o.Estate, Only: []string{x.check}, Subjects: []string{x.subject}, Limit: 1, Now: now})
		if err != nil {
			return err
		}
		if len(page.Findings) == 0 {
			return fmt.Errorf("the demo has no finding of %s on %s", x.check, x.subject)
		}
		who := map[string]string{"prod/shop-db": "erika", "prod/build-1": "jonas", "prod/wiki-1": "jonas"}[x.subject]
		w, err := AddWaiver(ctx, WaiverOptions{State: o.State, Estate: o.Estate, Selection: Selection{Findings: []string{page.Findings[0].ID}}, Waiver: x.Waiver, Until: x.until, Person: who})
		if err != nil {
			return err
		}
		if x.decider == "" {
			continue
		}
		if _, err := DecideWaiver(ctx, WaiverOptions{State: o.State, Estate: o.Estate, Person: x.decider}, w.ID, waiver.Approve, ""); err != nil {
			return err
		}
	}
	return nil
}

// demoAgents are two that report, and one that does not.
func demoAgents(now time.Time) []agent.Agent {
	one := func(id, name, host string, seen time.Time) agent.Agent {
		return agent.Agent{ID: id, Environment: "prod", Subject: name, Joined: now.AddDate(0, 0, -84).UTC(), Until: now.Add(20 * time.Hour).UTC(), Seen: seen.UTC(),
			Said: agent.Said{Host: host, Program: "1.0", Every: 5 * time.Minute, Root: true, Name: name}}
	}
	return []agent.Agent{one("A-DEMODEMO22", "prod/web-1", "web-1", now.Add(-2*time.Minute)), one("A-DEMODEMO33", "prod/pay-1", "pay-1", now.Add(-time.Minute)), one("A-DEMODEMO44", "prod/legacy-1", "legacy-1", now.AddDate(0, 0, -9))}
}
