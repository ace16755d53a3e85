package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"holdfast.example/holdfast/internal/event"
	"holdfast.example/holdfast/internal/store/relational"
)

// beside is what runs beside the pages: agents are listened for, systems are looked at, what happens enters the ledger.
type beside struct {
	address string // where agents are listened for; empty: nowhere
	ends    []func() error
}

// begin starts all of it.
func (p *pages) begin(ctx context.Context) (b *beside, err error) {
	b = &beside{}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.end())
		}
	}()
	b.loop(context.WithoutCancel(ctx), p.enterAll) // ends last: what the others did enters
	if !p.o.guest {
		store, err := b.store(ctx, p.o)
		if err != nil {
			return b, err
		}
		books := &bookkeeping{o: p.o, store: store, make: event.Maker{Version: p.o.Version}, wake: p.wake}
		b.loop(ctx, books.run)
		b.loop(ctx, p.cosignAll)
	}
	if p.o.Scan {
		store, err := b.store(ctx, p.o)
		if err != nil {
			return b, err
		}
		r, err := newRhythm(p.o, store)
		if err != nil {
			return b, err
		}
		b.loop(ctx, r.run)
	}
	if p.o.Agents != "" {
		side, err := listenForAgents(ctx, p.o)
		if err != nil {
			return b, err
		}
		b.address, p.agents = side.o.Listen, side
		b.ends = append(b.ends, side.close)
	}
	return b, nil
}

// store opens the database until the end.
func (b *beside) store(ctx context.Context, o ServeOptions) (*relational.Store, error) {
	state, err := StateDir(o.State)
	if err != nil {
		return nil, err
	}
	s, err := openStore(ctx, state, o.DB)
	if err == nil {
		b.ends = append(b.ends, s.Close)
	}
	return s, err
}

// loop runs something until the end.
func (b *beside) loop(ctx context.Context, run func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() { run(ctx) })
	b.ends = append(b.ends, func() error {
		cancel()
		wait.Wait()
		return nil
	})
}

// end ends all of it, what began last first.
func (b *beside) end() (err error) {
	for i := len(b.ends) - 1; i >= 0; i-- {
		err = errors.Join(err, b.ends[i]())
	}
	return err
}

// metrics serves /metrics on an address of this machine.
func (b *beside) metrics(ctx context.Context, address string, h http.Handler) error {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return &UsageError{fmt.Sprintf("--metrics %q: want an address of this machine and a port, 127.0.0.1:8472 for example: figures are neither encrypted nor behind a log-in", address)}
	}
	l, err := listen(ctx, address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 8 << 10}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	b.ends = append(b.ends, func() error {
		err := server.Close()
		<-ended
		return err
	})
	return nil
}
