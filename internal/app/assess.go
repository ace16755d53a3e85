package app

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/collect/ssh"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/host"
	"holdfast.example/holdfast/internal/picture"
	"holdfast.example/holdfast/internal/report"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/all"
	"holdfast.example/holdfast/internal/subject/components"
	compared "holdfast.example/holdfast/internal/subject/drift"
	"holdfast.example/holdfast/internal/subject/vulnerabilities"
	"holdfast.example/holdfast/internal/subject/website"
	"holdfast.example/holdfast/internal/trace"
)

// Options are what the user asked of an assessment. The zero Options assess this machine.
type Options struct {
	Targets     []string
	Estate      string   // file or folder; empty: none
	Only        []string // requirement or check ids
	Apps        []string
	Envs        []string
	From        string // judge a recorded run instead of collecting
	Subject     string // name of a file target
	RiskClass   string // taken without an estate; empty means high
	Now         time.Time
	Timeout     time.Duration // for one host; 0 means a minute
	Concurrency int           // hosts at once; 0 means 8
	State, DB   string
	NoRecord    bool
	Deep        bool   // walk every local file of this machine
	Probe       string // intrusive: also send endpoints what a fragile one may stumble over
	Contact     string // told to websites, whom to ask about the requests; empty: the security role of the estate
	Version     string
	Progress    func(done, all int, what string) // may be nil
	systems     []string                         // of the estate; empty: all
	heard       []heard                          // what agents saw; nothing else is looked at then
	declared    *estate.Estate                   // is read already; nil: Estate is read
}

// Assess collects, judges, records and reports.
func Assess(ctx context.Context, o Options) (_ *report.Assessment, err error) {
	ctx, span := trace.Begin(ctx, "assess")
	defer func() { span.End(err) }()
	started := time.Now()
	w, err := load(o)
	if err != nil {
		return nil, err
	}
	w.now = func() time.Time {
		if o.Now.IsZero() {
			return time.Now()
		}
		return o.Now
	}
	state, err := StateDir(o.State)
	if err != nil {
		return nil, err
	}
	key, err := loadKey(state)
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, state, o.DB)
	if err != nil {
		return nil, err
	}
	defer store.Close()

	var obs []fact.Observation
	var all feed
	hosts := recordedHosts{at: map[string]int{}}
	judgedAt := w.now()
	if o.From != "" {
		all, judgedAt, err = w.recorded(ctx, store, o, &hosts)
	} else if len(o.heard) > 0 {
		obs, hosts.list, err = w.hear(o.heard)
		all = held(obs)
	} else if obs, hosts.list, err = w.collect(ctx, o, key); err == nil {
		all = held(obs)
	}
	if err != nil {
		return nil, err
	}
	if err := w.know(ctx, store, state, judgedAt); err != nil {
		return nil, err
	}
	defer w.forget()
	if w.judges(compared.Fact{}.Kind().Name) {
		if w.drifting, err = newDrifting(ctx, store, w); err != nil {
			return nil, err
		}
	}
	w.looking = newLooking(ctx, store, w)
	endpoints := []report.Endpoint{}
	outcomes, err := w.judge(graded(w.noted(all), &endpoints, judgedAt), judgedAt)
	if err != nil {
		return nil, err
	}
	a := &report.Assessment{Schema: report.SchemaName, AssessedAt: judgedAt.UTC().Truncate(time.Second), Version: o.Version, Hosts: hosts.list, Endpoints: endpoints}
	clock, err := clockOf(ctx, store, w.estate)
	if err != nil {
		return nil, err
	}
	span.Say(trace.Count("holdfast.targets", len(hosts.list)), trace.Count("holdfast.results", len(outcomes)))
	standing := func(f finding.Finding) finding.Standing { return clock.Stand(f, judgedAt) }
	known := map[string]finding.Finding{}
	if o.From == "" && !o.NoRecord {
		r := run.Run{ID: uuid.Must(uuid.NewV7()).String(), Started: w.now().Add(-time.Since(started)), Finished: w.now(), Version: o.Version, Targets: targetsOf(hosts.list), Reports: reportsOf(o.heard)}
		if w.estate != nil {
			r.EstateDigest = w.estate.Digest
		}
		recording, of := trace.Begin(ctx, "record run")
		known, err = store.Record(recording, r, obs, outcomes, standing, w.carried.instances(w.estate)...)
		of.Say(trace.Count("holdfast.observations", len(obs)), trace.Count("holdfast.results", len(outcomes)))
		if of.End(err); err != nil {
			if errors.Is(err, run.ErrHistory) && len(o.heard) == 0 {
				return nil, &UsageError{err.Error()}
			}
			return nil, err
		}
		a.Run = r.ID
		if err := w.drifting.keep(ctx, store); err != nil {
			return nil, err
		}
		if err := store.Remember(ctx, remembered(w.vulnerable)); err != nil {
			return nil, err
		}
		if err := restand(ctx, store, w.estate, clock, judgedAt); err != nil {
			return nil, err
		}
	} else if all, err := store.Findings(ctx); err == nil {
		for _, f := range all {
			f.Standing = standing(f)
			known[f.ID] = f
		}
	}
	more, err := w.recall(ctx, store, clock, judgedAt)
	if err != nil {
		return nil, err
	}
	others, err := elsewhere(ctx, store, outcomes, clock, judgedAt)
	if err != nil {
		return nil, err
	}
	outcomes = append(outcomes, more...)
	if a.Run != "" {
		if err := store.Judged(ctx, judgedAt, picture.Marks(outcomes)); err != nil {
			return nil, err
		}
	}
	stand(w.vulnerable, known, judgedAt)
	a.Vulnerabilities = append([]report.Vulnerability{}, w.vulnerable...)
	a.Vulnerabilities = append(a.Vulnerabilities, others...)
	w.fill(a, outcomes, known, judgedAt)
	a.DurationMS = time.Since(started).Milliseconds()
	if !slices.ContainsFunc(hosts.list, func(h report.Host) bool { return h.Problem == nil }) {
		return a, ErrNoTarget
	}
	return a, nil
}

func targetsOf(hosts []report.Host) []string {
	var out []string
	for _, h := range hosts {
		out = append(out, h.Target)
	}
	return out
}

// collect looks at all targets, some at once. The order of the answer is that of the targets.
func (w *world) collect(ctx context.Context, o Options, key fact.Key) ([]fact.Observation, []report.Host, error) {
	targets, err := w.targets(o)
	if err != nil {
		return nil, nil, err
	}
	limit := o.Concurrency
	if limit <= 0 {
		limit = 8
	}
	all := make([]looked, len(targets))
	// An endpoint is waited for more than it is worked on, a host is both.
	var hosts, endpoints errgroup.Group
	hosts.SetLimit(limit)
	endpoints.SetLimit(endpointsPerHost * limit)
	var done counter
	for i, t := range targets {
		g := &hosts
		if t.endpoint != nil {
			g = &endpoints
		}
		g.Go(func() error {
			all[i] = w.look(ctx, t, key, o.Timeout)
			if n := done.add(); o.Progress != nil {
				o.Progress(n, len(targets), t.text)
			}
			return nil
		})
	}
	if err := errors.Join(hosts.Wait(), endpoints.Wait(), ctx.Err()); err != nil {
		return nil, nil, err
	}
	for _, l := range all {
		if len(o.Targets) > 0 && l.target.document != "" && l.problem != nil {
			return nil, nil, &UsageError{l.problem.Error()} // an input file that is broken, not a system that does not answer
		}
	}
	return w.name(all)
}

// endpointsPerHost is how many endpoints are looked at in place of one host.
const endpointsPerHost = 12

// looked is what came of one target.
type looked struct {
	seen
	target     target
	collector  string
	privileged bool
	parts      []part   // of an endpoint or a document; of a host what its transport does not give
	notes      []string // what a reader must know
}

// probeTimeout is for one connection of an endpoint.
const probeTimeout = 5 * time.Second

// look sees one target, within a minute unless told otherwise.
func (w *world) look(ctx context.Context, t target, key fact.Key, timeout time.Duration) (out looked) {
	ctx, span := trace.Begin(ctx, "look")
	defer func() {
		kind, _, _ := strings.Cut(t.text, ":")
		span.Say(trace.Text("holdfast.target.kind", kind), trace.Text("holdfast.environment", w.environmentOf(t.declared)), trace.Count("holdfast.facts", len(out.facts)+len(out.parts)))
		var err error
		if out.problem != nil {
			err = out.problem
		}
		span.End(err)
	}()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(timeout, time.Minute))
	defer cancel()
	out = looked{target: t, collector: t.text}
	if t.endpoint != nil {
		out.parts, out.notes = t.endpoint.probe(ctx, probeTimeout)
		out.at = w.now().UTC()
		out.problem = out.parts[0].problem
		for _, p := range out.parts {
			if p.fact != nil {
				out.problem = nil
			}
		}
		return out
	}
	if t.document != "" {
		out.parts = []part{readDocument(t.document)}
		out.at, out.problem, out.privileged = w.now().UTC(), out.parts[0].problem, true
		return out
	}
	tr, err := t.open(ctx)
	if err != nil {
		out.seen.problem = lost(t.text, err)
	} else {
		defer tr.Close()
		out.collector, out.privileged = tr.Name(), tr.Privileged()
		var wg sync.WaitGroup
		wanted := w.judges(vulnerabilities.Fact{}.Kind().Name) || w.judges(compared.Fact{}.Kind().Name)
		applications := func() { out.parts = []part{w.applications(ctx, t, tr)} }
		if wanted && !t.behind {
			wg.Go(applications)
		}
		out.seen = observe(ctx, tr, w.sources, key)
		wg.Wait()
		if wanted && t.behind && out.seen.problem == nil {
			applications() // in the same shell: another one costs some hosts more than all of this
		}
		if out.seen.problem != nil {
			out.parts = nil
		}
	}
	out.seen.at = w.now().UTC()
	return out
}

// environmentOf is where a declared subject stands; empty: it is not declared.
func (w *world) environmentOf(subject string) string {
	if w.estate == nil || subject == "" {
		return ""
	}
	for i := range w.estate.Systems {
		if s := &w.estate.Systems[i]; s.Subject() == subject {
			return s.Environment
		}
	}
	return ""
}

// walkTime is how long is looked for components on one host. It ends before the time of the host does, so that what was
// found until then is not lost.
const walkTime = 20 * time.Second

// applications looks for the components of applications on a host.
func (w *world) applications(ctx context.Context, t target, tr transport) part {
	out := part{kind: components.Fact{}.Kind()}
	limit := walkTime
	if end, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(end)*3/4)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out.fact = t.walk(ctx, tr)
	return out
}

// atOnce is how many subjects of one kind are read from a recorded run together.
const atOnce = 100

// recorded takes the observations of an earlier run, to be judged as of that time with today's checks.
func (w *world) recorded(ctx context.Context, store *relational.Store, o Options, hosts *recordedHosts) (feed, time.Time, error) {
	r, err := store.Run(ctx, o.From)
	if err != nil {
		if errors.Is(err, run.ErrNone) {
			err = &UsageError{fmt.Sprintf("--from %s: there is no such run; \"last\" is the newest one", o.From)}
		}
		return nil, time.Time{}, err
	}
	now := r.Finished
	if !o.Now.IsZero() {
		now = o.Now
	}
	kinds, err := store.Kinds(ctx, r.ID)
	if err != nil {
		return nil, time.Time{}, err
	}
	return func(yield func([]fact.Observation, error) bool) {
		for _, k := range kinds {
			for after, full := "", true; full; {
				obs, err := store.Observations(ctx, r.ID, k, after, atOnce, w.decode)
				hosts.add(obs)
				if !yield(obs, err) || err != nil {
					return
				}
				if full = len(obs) >= atOnce; full {
					after = obs[len(obs)-1].Subject
				}
			}
		}
	}, now, nil
}

func (w *world) decode(kind string, data []byte) (fact.Fact, error) {
	k, err := run.ParseKind(kind)
	if err != nil {
		return nil, err
	}
	for _, s := range slices.Concat(w.sources, all.Probes()) {
		if s.Kind == k {
			return s.Decode(data)
		}
	}
	return nil, fmt.Errorf("this version knows no fact %s", kind)
}

// world is what judging needs besides facts.
type world struct {
	blobs  ssh.Blobs       // large files of the hosts of this assessment
	roots  *x509.CertPool  // of the estate's own authorities; nil without any
	paths  []website.Path  // what should not answer on websites
	limits limits          // of requests to websites
	taken  map[string]bool // endpoints that are targets already

	subjects   map[string]string // of this run, with their collectors
	advisories *advisories
	forget     func()                 // lets go of them
	vulnerable []report.Vulnerability // what judging found
	carried    *carriers              // what the subjects carry
	drifting   *drifting              // what differs from baselines; nil when nobody judges it
	looking    *looking               // when systems were looked at before; nil when nobody judges it
	estate     *estate.Estate
	path       string
	unused     []string
	warnings   []string
	checks     []*check.Check
	places     map[string]int // of checks in their order
	sources    []host.Source
	settings   check.Catalogue
	reqs       requirements
	only       []string
	risk       string
	now        func() time.Time
}
