package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"holdfast.example/holdfast/internal/access"
	"holdfast.example/holdfast/internal/ledger"
	"holdfast.example/holdfast/internal/run"
	"holdfast.example/holdfast/internal/store/sqlite"
	"holdfast.example/holdfast/internal/web"
)

// ServeOptions say what is served, and where.
type ServeOptions struct {
	State, DB, Estate string
	Listen            string        // host:port of loopback
	Agents            string        // host:port for agents; empty: none are listened for
	Every             time.Duration // time between the reports of an agent
	Version           string
	Words             func(LedgerEntry) string // what an entry of the ledger says
	Ready             func(Served)
	Log               func(format string, args ...any)
}

// Served is where it answers.
type Served struct {
	Address string // of the pages
	Link    string // logs in once
	Agents  string // host:port; empty: none are listened for
}

// Serve answers until the context ends. It listens on loopback alone: there is no encryption yet. Who logs in has a passkey,
// or the link that is handed to Ready.
func Serve(ctx context.Context, o ServeOptions) (err error) {
	host, port, err := net.SplitHostPort(o.Listen)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return &UsageError{fmt.Sprintf("--listen %q: want an address of this machine alone, 127.0.0.1:8470 for example; others need encryption, which this version does not have", o.Listen)}
	}
	pages := &pages{o: o}
	if err := pages.Ready(ctx); err != nil {
		return err
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return fmt.Errorf("listen on %s: %w; another port: --listen 127.0.0.1:0", o.Listen, err)
	}
	at := l.Addr().String()
	_, port, _ = net.SplitHostPort(at)
	origin := "http://" + net.JoinHostPort("localhost", port)
	s, err := web.New(pages, pages, o.Version, origin, time.Now, at, net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port))
	if err != nil {
		l.Close()
		return err
	}
	server := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	served := Served{Address: origin + "/", Link: origin + "/log-in/" + s.Link()}
	if o.Agents != "" {
		side, err := listenForAgents(ctx, o)
		if err != nil {
			l.Close()
			return err
		}
		defer func() { err = errors.Join(err, side.close()) }()
		served.Agents = side.hub.Address()
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	o.Ready(served)
	select {
	case err := <-done:
		return fmt.Errorf("serve on %s: %w", at, err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return fmt.Errorf("end the requests that were under way: %w", err)
	}
	return nil
}

// pages gives the web what the commands give the terminal.
type pages struct {
	o ServeOptions

	mu     sync.Mutex
	people []web.Person
	until  time.Time // people are read again then
}

// peopleTime is how long the people of the estate are taken for those of now.
const peopleTime = 10 * time.Second

func (p *pages) Ready(ctx context.Context) error {
	d, err := openDesk(ctx, p.o.State, p.o.DB, p.o.Estate, time.Now())
	if err != nil {
		return err
	}
	return d.store.Close()
}

func (p *pages) Findings(ctx context.Context, limit int) (web.Findings, error) {
	f, err := Findings(ctx, FindingQuery{State: p.o.State, DB: p.o.DB, Estate: p.o.Estate, Limit: limit, Now: time.Now()})
	return web.Findings{List: f.Findings, Open: f.Open, Settled: f.Settled}, err
}

func (p *pages) Finding(ctx context.Context, id string) (web.Detail, error) {
	d, err := Finding(ctx, p.o.State, p.o.DB, id)
	var none *UsageError
	if errors.As(err, &none) {
		return web.Detail{}, web.ErrNone
	}
	return web.Detail{Finding: d.Finding, Doc: d.Doc, Remedy: d.Remedy, Requirements: d.Requirements, History: d.History}, err
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

// People are those of the estate who work here today. Without an estate it is the account that serves.
func (p *pages) People(context.Context) ([]web.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	today := time.Now()
	if today.Before(p.until) {
		return p.people, nil
	}
	if p.o.Estate == "" {
		name, err := account()
		if err != nil {
			return nil, err
		}
		p.people, p.until = []web.Person{{ID: name, Name: "(account of this machine)"}}, today.Add(peopleTime)
		return p.people, nil
	}
	e, problems, err := LoadEstate(p.o.Estate)
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, &EstateError{problems}
	}
	var out []web.Person
	for _, x := range e.People {
		if here(x, today) {
			out = append(out, web.Person{ID: x.ID, Name: x.Name})
		}
	}
	p.people, p.until = out, today.Add(peopleTime)
	return out, nil
}

func (p *pages) Passkeys(ctx context.Context) (out []access.Passkey, err error) {
	err = withStore(ctx, p.o.State, p.o.DB, func(s *sqlite.Store) error { out, err = s.Passkeys(ctx); return err })
	return out, err
}

func (p *pages) AddPasskey(ctx context.Context, k access.Passkey) error {
	return withStore(ctx, p.o.State, p.o.DB, func(s *sqlite.Store) error { return s.AddPasskey(ctx, k) })
}

func (p *pages) UsePasskey(ctx context.Context, k access.Passkey) error {
	return withStore(ctx, p.o.State, p.o.DB, func(s *sqlite.Store) error { return s.UsePasskey(ctx, k) })
}

func (p *pages) RemovePasskey(ctx context.Context, id string) error {
	err := withStore(ctx, p.o.State, p.o.DB, func(s *sqlite.Store) error { return s.RemovePasskey(ctx, id) })
	if errors.Is(err, run.ErrNone) {
		return web.ErrNone
	}
	return err
}
