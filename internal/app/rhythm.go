package app

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/schedule"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/subject/looks"
)

// rhythm looks at what the estate declares, each system in its rhythm; without an estate at this machine.
type rhythm struct {
	o        ServeOptions
	store    *relational.Store
	log      func(format string, args ...any)
	begun    time.Time
	make     event.Maker
	settings check.Catalogue
	name     string                                         // of this program among those that share the database
	look     func(ctx context.Context, system string) error // of the estate; empty: this machine

	mu     sync.Mutex
	tasks  map[string]schedule.Task
	missed map[string]bool // said already
	ended  chan struct{}   // something was looked at
}

const (
	// looksAtOnce is how many systems are looked at together: the processors are there for pages and agents too.
	looksAtOnce = 2
	// rereadTime is how often the estate is read again.
	rereadTime = time.Minute
	thisHost   = "this machine"
	// leaseTime is how long the looking is one program's of those that share a database, unless it says that it goes on.
	leaseTime = 3 * time.Minute
)

func newRhythm(o ServeOptions, store *relational.Store) (*rhythm, error) {
	settings, err := check.LoadCatalogue(catalog.FS)
	if err != nil {
		return nil, err
	}
	r := &rhythm{o: o, store: store, log: o.Log, begun: time.Now(), make: event.Maker{Version: o.Version}, name: programName(o.State), tasks: map[string]schedule.Task{}, missed: map[string]bool{}, ended: make(chan struct{}, 1)}
	r.look, r.settings = r.assess, settings
	return r, nil
}

// run looks until the context ends, and waits for what is under way then.
func (r *rhythm) run(ctx context.Context) {
	var looks sync.WaitGroup
	defer r.leave(context.WithoutCancel(ctx))
	defer looks.Wait()
	for ctx.Err() == nil {
		if err := r.reread(ctx); err != nil {
			r.log("the estate cannot be read, and its systems are looked at as before: %v", err)
		}
		mine := r.leads(ctx)
		r.mu.Lock()
		now := time.Now()
		tasks := slices.Collect(maps.Values(r.tasks))
		for _, t := range schedule.Pick(tasks, now, looksAtOnce) {
			if !mine {
				break
			}
			t.Running = true
			r.tasks[t.ID] = t
			looks.Go(func() { r.one(ctx, t) })
		}
		var late []event.Event
		for _, t := range tasks {
			is := mine && t.Missed(r.begun, now)
			if is && !r.missed[t.ID] {
				r.log("%s was not looked at for more than twice %s; its checks are unknown when their facts are too old", t.ID, t.Every)
				late = append(late, r.make.IntervalMissed(t.ID, t.Every, t.Last, now))
			}
			r.missed[t.ID] = is
		}
		next, waits := schedule.Next(slices.Collect(maps.Values(r.tasks)))
		r.mu.Unlock()
		if len(late) > 0 {
			if err := r.store.Happened(context.WithoutCancel(ctx), late...); err != nil {
				r.log("that intervals were missed is not on record: %v", err)
			}
		}
		wait := rereadTime
		if waits && mine {
			wait = max(min(wait, time.Until(next)), time.Second)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-r.ended:
		}
		timer.Stop()
	}
}

// programName names a program by its machine and state folder, so that it is the same after a restart.
func programName(stateFlag string) string {
	host, _ := os.Hostname()
	state, _ := StateDir(stateFlag)
	return host + " " + state
}

// leave lets another program look from now on.
func (r *rhythm) leave(ctx context.Context) {
	now := time.Now()
	if _, err := r.store.Lease(ctx, "rhythm", r.name, now, now); err != nil {
		r.log("another control plane looks in %s: %v", leaseTime, err)
	}
}

// leads tells whether it is this program that looks, of those that share the database. What another looked at meanwhile is
// known from there.
func (r *rhythm) leads(ctx context.Context) bool {
	now := time.Now()
	mine, err := r.store.Lease(ctx, "rhythm", r.name, now, now.Add(leaseTime))
	if err != nil && ctx.Err() == nil {
		r.log("nothing is looked at for now: %v", err)
	}
	if !mine {
		r.mu.Lock()
		defer r.mu.Unlock()
		for id, t := range r.tasks {
			if !t.Running {
				delete(r.tasks, id) // read anew, with when it was seen
			}
		}
	}
	return mine && err == nil
}

func (r *rhythm) one(ctx context.Context, t schedule.Task) {
	system := t.ID
	if system == thisHost {
		system = ""
	}
	err := r.look(ctx, system)
	r.mu.Lock()
	defer r.mu.Unlock()
	t, still := r.tasks[t.ID]
	t.Running, t.Tried = false, time.Now()
	switch {
	case ctx.Err() != nil:
	case err != nil:
		if t.Failures++; t.Failures == 1 {
			r.log("%s could not be looked at, and is tried again soon: %v", t.ID, err)
		}
	default:
		if t.Failures > 0 {
			r.log("%s was looked at again", t.ID)
		}
		t.Last, t.Failures = t.Tried, 0
	}
	if still {
		r.tasks[t.ID] = t
	}
	select {
	case r.ended <- struct{}{}:
	default:
	}
}

// assess looks at one system with all that it serves, and records that.
func (r *rhythm) assess(ctx context.Context, system string) error {
	o := Options{State: r.o.State, DB: r.o.DB, Estate: r.o.Estate, Version: r.o.Version, Targets: []string{"host:local"}}
	if system != "" {
		o.Targets, o.systems = nil, []string{system}
	}
	_, err := Assess(ctx, o)
	return err
}

// reread takes up what the estate declares now. Systems that an agent speaks for are the agent's.
func (r *rhythm) reread(ctx context.Context) error {
	wanted := map[string]schedule.Task{}
	every := r.o.ScanEvery
	if r.o.Estate == "" {
		wanted[thisHost] = schedule.Task{ID: thisHost, Every: shortest(every)}
	} else {
		e, err := soundEstate(r.o.Estate)
		if err != nil {
			return err
		}
		agents, err := r.store.Agents(ctx)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, a := range agents {
			if a.Revoked.IsZero() {
				seen[a.Subject] = true
			}
		}
		now := time.Now()
		params := r.settings.Params(looks.Interval.ID, now)
		for i := range e.Systems {
			s := &e.Systems[i]
			if s.Target == "" && len(s.Services) == 0 || seen[s.Subject()] {
				continue
			}
			wanted[s.Subject()] = schedule.Task{ID: s.Subject(), Environment: s.Environment, Every: shortest(every, looks.Every(e.View(s.Subject()), params)), Held: e.Maintained(s.Subject(), now) != ""}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, t := range wanted {
		old, known := r.tasks[id]
		if known {
			old.Every, old.Environment, old.Held = t.Every, t.Environment, t.Held
			wanted[id] = old
			continue
		}
		subject := id
		if id == thisHost {
			subject = r.thisSubject(ctx)
		}
		last, err := r.store.LastSeen(ctx, subject)
		if err != nil {
			return err
		}
		t.Last = last
		wanted[id] = t
	}
	for id, t := range r.tasks {
		if _, still := wanted[id]; !still && t.Running {
			wanted[id] = t // until it ends
		}
	}
	r.tasks = wanted
	return nil
}

// shortest is how often to look where several times say so; zero says nothing. Nothing loosens what the standard wants of every system (A.5.3.2,
// A.5.7.1).
func shortest(wanted ...time.Duration) time.Duration {
	every := check.DefaultSettings.Interval
	for _, d := range wanted {
		if d > 0 {
			every = min(every, d)
		}
	}
	return every
}

// thisSubject is what this machine was called when it was looked at last; empty: never.
func (r *rhythm) thisSubject(ctx context.Context) string {
	name, err := r.store.SubjectOf(ctx, "host:local")
	if err != nil {
		return ""
	}
	return name
}

// errNoSystem says that the estate declares no such system any more.
var errNoSystem = errors.New("the estate does not declare it any more")
