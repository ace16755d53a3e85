package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"holdfast.example/holdfast/internal/agent"
	"holdfast.example/holdfast/internal/bus/link"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/subject/all"
)

// AgentOptions are of an agent that runs.
type AgentOptions struct {
	State, Version string
	MaxMemory      int64 // bytes that it aims to stay below
	MaxCPU         int   // percent of one processor that it stays below on the average from one look to the next; 0: 20
	MaxSpool       int64 // bytes of reports that wait; older ones are dropped
	Deep           bool
	Log            func(format string, args ...any)
}

// agentDir is where an agent keeps what it is and what waits.
func agentDir(state string) (string, error) {
	dir, err := StateDir(state)
	return filepath.Join(dir, "agent"), err
}

// Join makes this machine an agent by a token.
func Join(ctx context.Context, state, token string) (link.Identity, error) {
	t, err := agent.ParseToken(token)
	if err != nil {
		return link.Identity{}, &UsageError{err.Error()}
	}
	dir, err := agentDir(state)
	if err != nil {
		return link.Identity{}, err
	}
	if old, err := link.ReadIdentity(dir); err == nil {
		return old, &UsageError{fmt.Sprintf("this machine is agent %s of %s already; to let it join again, remove %s first", old.ID, old.Address, filepath.Join(dir, "identity.json"))}
	}
	return link.Join(ctx, t, dir)
}

// RunAgent looks at this machine again and again and delivers what it saw, until the context ends.
func RunAgent(ctx context.Context, o AgentOptions) error {
	dir, err := agentDir(o.State)
	if err != nil {
		return err
	}
	i, err := link.ReadIdentity(dir)
	if err != nil {
		return &UsageError{err.Error()}
	}
	if os.Getenv("GOMEMLIMIT") == "" && o.MaxMemory > 0 {
		debug.SetMemoryLimit(max(o.MaxMemory-programSize, programSize))
	}
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1) // the others are for what this machine is there for
	}
	spool, err := link.OpenSpool(filepath.Join(dir, "spool"), cmp.Or(o.MaxSpool, 64<<20))
	if err != nil {
		return err
	}
	w := &agentLoop{o: o, spool: spool, key: fact.NewKey([32]byte(i.Key)), now: make(chan bool, 1), connected: make(chan struct{}, 1), sent: map[string]string{}}
	if w.host, err = os.Hostname(); err != nil {
		w.host = i.ID
	}
	said := ""
	var mu sync.Mutex
	w.link, err = link.Dial(i, dir, time.Now, w.job,
		func(address string) {
			mu.Lock()
			defer mu.Unlock()
			said = ""
			o.Log("connected to %s", address)
			select {
			case w.connected <- struct{}{}:
			default:
			}
		},
		func(err error) { // the same reason is said once
			mu.Lock()
			defer mu.Unlock()
			if err.Error() != said {
				said = err.Error()
				o.Log("not connected to %s: %v; it is tried again, and reports wait on disk", i, err)
			}
		})
	if err != nil {
		return err
	}
	defer w.link.Close()
	o.Log("agent %s of environment %s looks at %s every %s", i.ID, i.Environment, w.host, i.Every)
	var loops sync.WaitGroup
	loops.Go(func() { w.deliver(ctx) })
	loops.Go(func() { w.renew(ctx) })
	w.look(ctx)
	loops.Wait()
	return nil
}

// agentLoop is a running agent.
type agentLoop struct {
	o         AgentOptions
	host      string
	key       fact.Key
	link      *link.Link
	spool     *link.Spool
	now       chan bool // look now; true: send everything
	connected chan struct{}
	sent      map[string]string // digests of the last report, by kind
	rest      time.Duration     // from the begin of the last look to the next at the earliest
}

// job takes what the control plane asks.
func (l *agentLoop) job(j agent.Job) error {
	if j.Do != agent.Collect {
		return fmt.Errorf("this agent (%s) does not know the job %q; upgrade it", l.o.Version, j.Do)
	}
	if time.Now().After(j.Until) {
		return errors.New("the job is over already; is a clock wrong?")
	}
	select {
	case l.now <- j.Whole:
	default: // one waits already
	}
	return nil
}

// look looks at the machine at once, then in its rhythm and when it is asked. The first look after a start is told whole.
func (l *agentLoop) look(ctx context.Context) {
	for {
		began, before := time.Now(), processorTime()
		if err := l.report(ctx); err != nil && ctx.Err() == nil {
			l.o.Log("%v", err)
		}
		debug.FreeOSMemory() // it is idle for long now
		every := max(l.link.Identity().Every, minEvery)
		rest := restAfter(processorTime()-before, l.o.MaxCPU)
		if rest > every && l.rest <= every {
			l.o.Log("a look takes so much of the processor that the next one comes after %s, not %s: --max-cpu %d", rest.Round(time.Second), every, cmp.Or(l.o.MaxCPU, defaultCPU))
		}
		l.rest = rest
		every = max(every, rest)
		timer := time.NewTimer(every - every/10 + link.Jitter(every/5))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case whole := <-l.now:
			if whole {
				clear(l.sent)
			}
			wait(ctx, time.Until(began.Add(l.rest))) // also who asks again and again gets no more
		case <-timer.C:
		}
		timer.Stop()
	}
}

// defaultCPU is what the packaged unit gives an agent, too.
const defaultCPU = 20

// restAfter is how long after its begin a look that took so much of a processor is the only one, so that no more than a percentage is used.
func restAfter(used time.Duration, percent int) time.Duration {
	return used * 100 / time.Duration(cmp.Or(percent, defaultCPU))
}

// processorTime is how much of a processor this process and those that it waited for used.
func processorTime() (sum time.Duration) {
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if unix.Getrusage(who, &u) == nil {
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return sum
}

// wait waits for so long, or until the context ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// programSize is what the program itself takes of the memory: pages of its file, which no limit of the runtime knows.
const programSize = 55 << 20

// minEvery is the least time between two looks.
const minEvery = time.Second

func (l *agentLoop) report(ctx context.Context) error {
	id := uuid.Must(uuid.NewV7()).String()
	r := agent.Report{Version: agent.Version, ID: id, At: time.Now().UTC(), Program: l.o.Version, Host: l.host, Every: max(l.link.Identity().Every, l.rest)}
	w := &world{sources: all.Sources(), checks: all.Checks(), now: time.Now}
	t, err := parseTarget("host:local", Options{Deep: l.o.Deep}, &w.blobs)
	if err != nil {
		return err
	}
	seen := w.look(ctx, t, l.key, 0)
	if ctx.Err() != nil {
		return ctx.Err() // half a look is none
	}
	r.Problem, r.Privileged = seen.problem, seen.privileged
	_, r.Lost = l.spool.Waiting()
	digests := map[string]string{}
	for _, o := range append(seen.observations("", "", w.sources), seen.endpoints("")...) {
		f := agent.Fact{Kind: o.Kind.String(), Digest: o.Digest, Problem: o.Problem}
		if o.Fact != nil {
			digests[f.Kind] = f.Digest
			if l.sent[f.Kind] != f.Digest {
				if f.Data, err = fact.Canonical(o.Fact); err != nil {
					return err
				}
			}
		}
		r.Facts = append(r.Facts, f)
	}
	packed, err := pack(&r)
	if err != nil {
		return err
	}
	dropped, err := l.spool.Add(id, packed)
	if err != nil {
		return err
	}
	l.sent = digests
	if dropped > 0 {
		clear(l.sent) // what later reports only name may have been in one of them
		l.o.Log("the spool is full: %d older reports were dropped", dropped)
	}
	return nil
}

// pack makes a report small enough to travel: what does not fit is said to be too large, the largest first.
func pack(r *agent.Report) ([]byte, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	for {
		data, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		packed := enc.EncodeAll(data, nil)
		if len(packed) <= agent.MaxMessage-4096 && len(data) <= agent.MaxReport {
			return packed, nil
		}
		i := largest(r.Facts)
		if i < 0 {
			return nil, errors.New("the report is too large")
		}
		r.Facts[i] = agent.Fact{Kind: r.Facts[i].Kind, Problem: &fact.Problem{Cause: fact.TooLarge, Source: "agent", Text: fmt.Sprintf("%d bytes", len(r.Facts[i].Data))}}
	}
}

func largest(facts []agent.Fact) int {
	at := -1
	for i, f := range facts {
		if len(f.Data) > 0 && (at < 0 || len(f.Data) > len(facts[at].Data)) {
			at = i
		}
	}
	return at
}

// deliver hands over what waits, the oldest first.
func (l *agentLoop) deliver(ctx context.Context) {
	for pause := time.Second; ; {
		err := l.deliverAll(ctx)
		wait := time.Hour
		if err != nil {
			if wait = pause; l.link.Connected() {
				l.o.Log("%v; it is tried again", err)
			}
			pause = min(2*pause, 30*time.Second)
		} else {
			pause = time.Second
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-l.spool.Added():
		case <-l.connected:
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (l *agentLoop) deliverAll(ctx context.Context) error {
	for {
		id, packed, waits, err := l.spool.Oldest()
		if err != nil || !waits {
			return err
		}
		once, cancel := context.WithTimeout(ctx, 30*time.Second)
		err = l.link.Deliver(once, id, packed)
		cancel()
		if err != nil {
			return err
		}
		if err := l.spool.Done(id); err != nil {
			return err
		}
	}
}

// renew keeps the certificate fresh.
func (l *agentLoop) renew(ctx context.Context) {
	for {
		once, cancel := context.WithTimeout(ctx, 30*time.Second)
		next, err := l.link.Renew(once)
		cancel()
		if err != nil && l.link.Connected() {
			l.o.Log("%v; it is tried again", err)
		}
		timer := time.NewTimer(max(time.Until(next), time.Second))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}
