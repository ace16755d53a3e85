package app

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strconv"
	"sync"
	"time"

	"holdfast.example/holdfast/catalog"
	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/estate"
	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/ledger"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/relational"
	"holdfast.example/holdfast/internal/trace"
	"holdfast.example/holdfast/internal/web"
)

// ServeOptions say what is served, and where.
type ServeOptions struct {
	State, DB, Estate string
	Listen            string          // host:port; of loopback without a certificate
	TLSCert, TLSKey   string          // files in PEM; empty: no TLS
	TLSSelf           bool            // a certificate is made that nobody vouches for
	ACME              ACMEOptions     // an authority gives certificates; zero: none does
	Name              string          // under which people go there; empty: the first of the certificate
	Agents            string          // host:port for agents; empty: none are listened for
	AgentsAddress     string          // host:port under which agents reach it; empty: where it listens
	NATS              NATSOptions     // where reports of agents wait; zero: on the own disk
	Traces            TraceOptions    // whom to tell of what goes on; zero: nobody
	Metrics           string          // host:port of loopback for a Prometheus; empty: none
	OIDC              ProviderOptions // where people log in elsewhere; zero: nowhere
	Breached          string          // file of further passwords that nobody may take, one a line; empty: none
	Every             time.Duration   // time between the reports of an agent
	Keep              int             // days for which runs are kept with what they saw; 0: for ever
	Scan              bool            // look at what the estate declares, in its rhythm
	ScanEvery         time.Duration   // 0: as the estate says, else a day
	Version           string
	Words             func(LedgerEntry) string // what an entry of the ledger says
	Ready             func(Served)
	Log               func(format string, args ...any)

	guest bool // whoever comes reads everything, and nobody logs in: the demo
}

// Served is where it answers.
type Served struct {
	Address string // of the pages
	Link    string // logs in once
	Agents  string // host:port; empty: none are listened for

	SelfMade string // SHA-256 of a certificate that nobody vouches for; empty: another one, or none
}

// Serve answers until the context ends. Who logs in has a passkey, or the link that is handed to Ready.
func Serve(ctx context.Context, o ServeOptions) (err error) {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	ctx, watch, told, err := traced(ctx, o)
	if err != nil {
		return err
	}
	defer told()
	rules, err := access.LoadRules(catalog.FS)
	if err != nil {
		return err
	}
	pages := &pages{o: o, rules: rules, happened: make(chan struct{}, 1)}
	if err := pages.Ready(ctx); err != nil {
		return err
	}
	door, err := openDoor(ctx, o)
	if err != nil {
		return err
	}
	var guest *access.Viewer
	if o.guest {
		v := rules.As("", access.Auditor).Limited([]access.Permission{access.SeeFindings, access.SeeDecisions, access.SeeAgents, access.SeeRuns, access.SeeLedger})
		v.Name = "Demo, read-only"
		guest = &v
	}
	aead, err := sealer(o.State)
	if err != nil {
		return errors.Join(err, door.listener.Close())
	}
	known, err := breached(o.Breached)
	if err != nil {
		return errors.Join(err, door.listener.Close())
	}
	elsewhere, err := openProvider(o.OIDC, door.origin, pages)
	if err != nil {
		return errors.Join(err, door.listener.Close())
	}
	var vouches web.Provider
	if elsewhere != nil {
		vouches = elsewhere
	}
	s, err := web.New(web.Options{Provider: vouches, Watch: watch, Guest: guest, Factors: pages, Seals: seals{aead}, Breached: known, Data: pages, Decisions: pages, Operations: pages, Pictures: pages, Places: pages, Drifts: pages, Tokens: pages, Figures: pages, People: pages, Version: o.Version, Now: time.Now, Origin: door.origin, Hosts: door.hosts})
	if err != nil {
		return errors.Join(err, door.listener.Close())
	}
	server := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: log.New(said(o.Log), "", 0),
	}
	served := Served{Address: door.origin + "/", SelfMade: door.selfMade}
	if !o.guest {
		served.Link = door.origin + "/log-in/" + s.Link()
	}
	beside, err := pages.begin(ctx)
	if err != nil {
		return errors.Join(err, door.listener.Close())
	}
	defer func() { err = errors.Join(err, beside.end()) }()
	served.Agents = beside.address
	for _, run := range door.beside {
		beside.loop(ctx, run)
	}
	if o.Metrics != "" {
		if err := beside.metrics(ctx, o.Metrics, s.Metrics()); err != nil {
			return errors.Join(err, door.listener.Close())
		}
	}
	defer pages.beside.Wait()
	pages.beside.Go(func() { // so that who comes first does not wait for it
		if _, err := pages.drawn(ctx); err != nil && ctx.Err() == nil {
			o.Log("how everything stands could not be worked out: %v", err)
		}
	})
	if elsewhere != nil {
		pages.beside.Go(func() { // a provider that is away is asked again at a log-in
			if err := elsewhere.Discover(ctx); err != nil && ctx.Err() == nil {
				o.Log("nobody can log in by %s yet: %v", elsewhere.name, err)
			}
		})
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(door.listener) }()
	o.Ready(served)
	select {
	case err := <-done:
		return fmt.Errorf("serve on %s: %w", door.origin, err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	s.End()
	if err := server.Shutdown(last); err != nil {
		return fmt.Errorf("end the requests that were under way: %w", err)
	}
	return nil
}

// pages gives the web what the commands give the terminal.
type pages struct {
	o ServeOptions

	happened chan struct{} // something may have to enter the ledger

	mu     sync.Mutex
	rules  access.Rules
	estate *estate.Estate // nil: there is none, or it was not read yet
	people []web.Person
	until  time.Time // people are read again then
	judges *world    // nil: not needed yet

	gallery gallery
	agents  *agentsSide    // nil: none are listened for
	beside  sync.WaitGroup // what goes on when its request has its answer
}

func (p *pages) Ready(ctx context.Context) error {
	d, err := openDesk(ctx, p.o.State, p.o.DB, p.o.Estate, p.known(), time.Now())
	if err != nil {
		return err
	}
	return d.store.Close()
}

func (p *pages) Finding(ctx context.Context, v access.Viewer, id string) (web.Detail, error) {
	d, err := Finding(ctx, p.o.State, p.o.DB, id)
	var none *UsageError
	if errors.As(err, &none) || err == nil && !v.Sees(d.Teams, d.Applications) {
		return web.Detail{}, web.ErrNone
	}
	return web.Detail{Finding: d.Finding, Doc: d.Doc, Remedy: d.Remedy, Requirements: d.Requirements, History: d.History}, err
}

func (p *pages) Agents(ctx context.Context) (out []web.Agent, err error) {
	all, err := Agents(ctx, p.o.State, p.o.DB)
	now := time.Now()
	for _, a := range all {
		_, silent := a.SilentSince(now)
		out = append(out, web.Agent{Agent: a, Words: AgentWords(a, now), Silent: silent})
	}
	return out, err
}

func (p *pages) Runs(ctx context.Context, limit int) (out []run.Run, err error) {
	err = withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error { out, err = s.Runs(ctx, limit); return err })
	return out, err
}

func (p *pages) Figures(ctx context.Context) (n web.Numbers, err error) {
	now := time.Now()
	if p.agents != nil {
		kept := p.agents.ready(ctx) == nil
		n.Bus = &kept
	}
	err = withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error {
		var err error
		if n.Open, n.Settled, err = s.Open(ctx, now); err != nil {
			return err
		}
		if n.Overdue, err = s.Overdue(ctx, now); err != nil {
			return err
		}
		agents, err := s.Agents(ctx)
		if err != nil {
			return err
		}
		for _, a := range agents {
			switch _, silent := a.SilentSince(now); {
			case !a.Revoked.IsZero():
				n.Revoked++
			case silent:
				n.AgentsSilent++
			default:
				n.Agents++
			}
		}
		last, err := s.Runs(ctx, 1)
		if len(last) > 0 {
			n.LastRun = last[0].Finished
		}
		return err
	})
	return n, err
}

func (p *pages) Ledger(_ context.Context, limit int) (web.Ledger, error) {
	state, err := StateDir(p.o.State)
	if err != nil {
		return web.Ledger{}, err
	}
	files := ledgerOf(state).FS()
	head, err := ledger.Head(files)
	if errors.Is(err, ledger.ErrEmpty) {
		return web.Ledger{}, nil
	} else if err != nil {
		return web.Ledger{}, err
	}
	out := web.Ledger{Size: head.Size, Root: head.Root, Key: publicKey(files)}
	from := head.Size - min(head.Size, uint64(max(limit, 0)))
	err = ledger.Each(files, from, func(i uint64, e ledger.Entry) error {
		if i < head.Size {
			out.Entries = append([]web.Entry{{Index: i, At: e.At, ID: e.ID, Words: strconv.Quote(e.ID)}}, out.Entries...)
			if p.o.Words != nil {
				out.Entries[0].Words = p.o.Words(e)
			}
		}
		return nil
	})
	return out, err
}

func (p *pages) Passkeys(ctx context.Context) (out []access.Passkey, err error) {
	err = withStore(ctx, p.o.State, p.o.DB, func(s *relational.Store) error { out, err = s.Passkeys(ctx); return err })
	return out, err
}

func (p *pages) AddPasskey(ctx context.Context, k access.Passkey, e ...event.Event) error {
	return p.change(ctx, func(s *relational.Store) error { return s.AddPasskey(ctx, k, e...) })
}

func (p *pages) UsePasskey(ctx context.Context, k access.Passkey, e ...event.Event) error {
	return p.change(ctx, func(s *relational.Store) error { return s.UsePasskey(ctx, k, e...) })
}

func (p *pages) Happened(ctx context.Context, e ...event.Event) error {
	return p.change(ctx, func(s *relational.Store) error { return s.Happened(ctx, e...) })
}

// change changes the database, and wakes who enters what happened into the ledger.
func (p *pages) change(ctx context.Context, do func(*relational.Store) error) error {
	ctx, span := trace.Begin(ctx, "record change")
	err := withStore(ctx, p.o.State, p.o.DB, do)
	span.End(err)
	if err == nil {
		p.wake()
	}
	return err
}

func (p *pages) RemovePasskey(ctx context.Context, id string, e ...event.Event) error {
	return none(p.change(ctx, func(s *relational.Store) error { return s.RemovePasskey(ctx, id, e...) }))
}
