package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/hub"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/all"
)

// heard is what one agent saw at one time.
type heard struct {
	agent   agent.Agent
	report  run.Report // its zero value: the program says it in the agent's place
	missing bool       // a fact was named that is not here
	looked
}

func reportsOf(all []heard) (out []run.Report) {
	for _, h := range all {
		if h.report.ID != "" {
			out = append(out, h.report)
		}
	}
	return out
}

// hear names what agents saw, as if it had been collected from here.
func (w *world) hear(all []heard) ([]fact.Observation, []report.Host, error) {
	var out []looked
	for _, h := range all {
		out = append(out, h.looked)
	}
	return w.name(out)
}

// intake records the reports of agents.
type intake struct {
	o     ServeOptions
	store *relational.Store
	again func(agent.Agent) // asks for a report with everything in it
	log   func(format string, args ...any)

	mu         sync.Mutex // one batch at a time: judging takes all processors
	conditions string     // of judging
	reread     time.Time  // they are looked at again then
}

// take records a batch: of each agent one report after the other, those of several agents together.
func (i *intake) take(ctx context.Context, batch []hub.Received) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(batch) > 0 {
		var wave, rest []hub.Received
		for _, r := range batch {
			if slices.ContainsFunc(wave, func(o hub.Received) bool { return o.Agent == r.Agent }) {
				rest = append(rest, r)
			} else {
				wave = append(wave, r)
			}
		}
		if err := i.wave(ctx, wave); err != nil {
			return err
		}
		batch = rest
	}
	return nil
}

func (i *intake) wave(ctx context.Context, wave []hub.Received) error {
	under, err := i.under(time.Now())
	if err != nil {
		return err
	}
	var all []heard
	var same []agent.Agent
	var unchanged []run.Report
	for _, r := range wave {
		done, err := i.store.Reported(ctx, r.Report.ID)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		a, err := i.store.Agent(ctx, r.Agent)
		if errors.Is(err, agent.ErrRevoked) || err == nil && !a.Revoked.IsZero() {
			i.log("a report of agent %s is dropped: it was revoked", r.Agent)
			continue
		} else if err != nil {
			return err
		}
		content := agent.Judged{Content: r.Report.Content(), Under: under, At: r.At}
		if a.Judged.Content == content.Content && a.Judged.Under == under && r.At.Sub(a.Judged.At) < judgeTime && !a.Silent {
			i.said(&a, r)
			same, unchanged = append(same, a), append(unchanged, run.Report{ID: r.Report.ID, Agent: a.ID, At: r.At})
			continue
		}
		h, err := i.read(ctx, a, r)
		if err != nil {
			return err
		}
		if h.agent.Judged = content; h.missing {
			h.agent.Judged = agent.Judged{} // the same with everything in it is to be judged
		}
		all = append(all, h)
	}
	if len(same) > 0 {
		if err := i.store.Heard(ctx, same, unchanged...); err != nil {
			return err
		}
	}
	return i.record(ctx, all)
}

// judgeTime is how long what did not change is not judged again: advisories and the day go on meanwhile.
const judgeTime = time.Hour

// under names what judging depends on besides what was seen.
func (i *intake) under(now time.Time) (string, error) {
	if now.Before(i.reread) {
		return i.conditions, nil
	}
	i.conditions, i.reread = i.o.Version, now.Add(peopleTime)
	if i.o.Estate == "" {
		return i.conditions, nil
	}
	e, err := soundEstate(i.o.Estate)
	if err != nil {
		return "", err
	}
	i.conditions += " " + e.Digest
	return i.conditions, nil
}

// said notes what a report says of the agent itself.
func (i *intake) said(a *agent.Agent, r hub.Received) {
	a.Skew = 0
	if r.Skew.Abs() > agent.MaxSkew {
		a.Skew = r.Skew
	}
	a.Host, a.Program, a.Every, a.Lost, a.Root, a.Seen, a.Silent = r.Report.Host, r.Report.Program, r.Report.Every, r.Report.Lost, r.Report.Privileged, r.At, false
}

// record records what agents saw as one run, or each alone when one of them does not fit in.
func (i *intake) record(ctx context.Context, all []heard) error {
	if len(all) == 0 {
		return nil
	}
	_, err := Assess(ctx, Options{State: i.o.State, DB: i.o.DB, Estate: i.o.Estate, Version: i.o.Version, heard: all})
	switch {
	case err == nil || errors.Is(err, ErrNoTarget):
	case errors.Is(err, run.ErrHistory) && len(all) > 1:
		for _, h := range all {
			if err := i.record(ctx, []heard{h}); err != nil {
				return err
			}
		}
		return nil
	case errors.Is(err, run.ErrHistory):
		i.log("a report of agent %s is dropped: something newer is recorded of %s", all[0].agent.ID, all[0].agent.Name)
	default:
		return err
	}
	var agents []agent.Agent
	for _, h := range all {
		agents = append(agents, h.agent)
	}
	return i.store.Heard(ctx, agents)
}

// read turns a report into what was looked at.
func (i *intake) read(ctx context.Context, a agent.Agent, r hub.Received) (heard, error) {
	at := r.Report.At
	i.said(&a, r)
	at = at.Add(-a.Skew)
	if at.After(r.At) {
		at = r.At
	}
	l := looked{collector: "agent:" + a.ID, privileged: r.Report.Privileged, target: target{text: "agent:" + a.ID}}
	l.seen = seen{at: at.UTC(), problem: r.Report.Problem, facts: map[string]fact.Fact{}, problems: map[string]*fact.Problem{}}
	for _, s := range all.Sources() {
		l.seen.problems[s.Kind.Name] = &fact.Problem{Cause: fact.Unsupported, Source: "agent " + a.ID, Text: "it does not look at this; is it older than the control plane?"}
	}
	missing := false
	for _, f := range r.Report.Facts {
		kind, err := run.ParseKind(f.Kind)
		if err != nil {
			continue // of a newer agent
		}
		content, problem := i.content(ctx, f)
		if problem == notHere {
			missing = true
		}
		if !slices.ContainsFunc(all.Sources(), func(s host.Source) bool { return s.Kind == kind }) {
			l.parts = append(l.parts, part{kind: kind, fact: content, problem: problem})
		} else if content != nil {
			l.seen.facts[kind.Name] = content
		} else {
			l.seen.problems[kind.Name] = problem
		}
	}
	for kind := range l.seen.facts {
		delete(l.seen.problems, kind)
	}
	if a.Name == "" {
		name, err := i.naming(ctx, a, l)
		if err != nil {
			return heard{}, err
		}
		a.Name = name
	}
	l.target.declared = a.Name
	a.Gaps = hostOf(a.Name, l).Gaps
	if missing {
		i.again(a)
	}
	return heard{agent: a, report: run.Report{ID: r.Report.ID, Agent: a.ID, At: r.At}, missing: missing, looked: l}, nil
}

// naming gives the subject of an agent that no declared system was named for: its host, unless that name is of something
// that another collector sees. It is kept from then on, so that an agent cannot become another host later.
func (i *intake) naming(ctx context.Context, a agent.Agent, l looked) (string, error) {
	if a.Subject != "" {
		return a.Subject, nil
	}
	w := &world{sources: all.Sources()}
	l.target.declared = ""
	obs, _, err := w.name([]looked{l})
	if err != nil || len(obs) == 0 {
		return "host:" + a.ID, err
	}
	name := obs[0].Subject
	by, err := i.store.Collector(ctx, name)
	if errors.Is(err, run.ErrNone) || err == nil && by == l.collector {
		return name, nil
	}
	return name + "#" + a.ID, err
}

// notHere is what is recorded of a fact that was sent by its name and is not here.
var notHere = &fact.Problem{Cause: fact.Failed, Source: "agent", Text: "it sent the name of a fact that is not here, and was asked for all of it"}

// content reads a fact that came, or that came earlier and is named by its digest, or says why there is none.
func (i *intake) content(ctx context.Context, f agent.Fact) (fact.Fact, *fact.Problem) {
	if f.Problem != nil {
		return nil, f.Problem
	}
	data := []byte(f.Data)
	if data == nil {
		var err error
		if data, err = i.store.Content(ctx, f.Digest); errors.Is(err, run.ErrNone) {
			return nil, notHere
		} else if err != nil {
			return nil, &fact.Problem{Cause: fact.Failed, Source: "agent", Text: err.Error()}
		}
	}
	w := &world{sources: all.Sources()}
	content, err := w.decode(f.Kind, data)
	if err != nil {
		return nil, &fact.Problem{Cause: fact.NotParsable, Source: "agent", Text: err.Error()}
	}
	return content, nil
}

// quiet records as unknown what agents see that are silent for too long, once. Agents have that time from since on.
func (i *intake) quiet(ctx context.Context, since time.Time) error {
	agents, err := i.store.Agents(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	var list []heard
	for _, a := range agents {
		from := a
		if from.Seen.Before(since) && !from.Seen.IsZero() {
			from.Seen = since
		}
		if _, silent := from.SilentSince(now); !silent || a.Silent || a.Name == "" {
			continue
		}
		a.Silent = true
		text := fmt.Sprintf("silent since %s; on %s: systemctl status holdfast-agent", a.Seen.UTC().Format(time.RFC3339), a.Host)
		l := looked{collector: "agent:" + a.ID, target: target{text: "agent:" + a.ID, declared: a.Name}}
		l.seen.at, l.seen.problem = now.UTC(), &fact.Problem{Cause: fact.Unreachable, Source: "agent " + a.ID, Text: text}
		i.log("agent %s (%s) is silent since %s: what it sees is unknown now", a.ID, a.Name, a.Seen.UTC().Format(time.RFC3339))
		list = append(list, heard{agent: a, looked: l})
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.record(ctx, list)
}
