package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"holdfast.example/holdfast/internal/ledger"
	"holdfast.example/holdfast/internal/witness"
)

// LedgerWitness is who cosigns the ledger.
type LedgerWitness = ledger.Witness

// cosignTime is how often witnesses are asked for what they have not cosigned yet.
const cosignTime = 15 * time.Second

// witnessClient asks witnesses; who is sent elsewhere does not go there.
func witnessClient() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// AskLedgerWitnesses asks them now.
func AskLedgerWitnesses(ctx context.Context, stateFlag string) error {
	state, err := StateDir(stateFlag)
	if err != nil {
		return err
	}
	return ledgerOf(state).Cosign(ctx, witnessClient())
}

// cosignAll asks witnesses until the context ends. Nothing waits for them.
func (p *pages) cosignAll(ctx context.Context) {
	client, said := witnessClient(), ""
	for tick := time.NewTicker(cosignTime); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		state, err := StateDir(p.o.State)
		if err == nil {
			err = ledgerOf(state).Cosign(ctx, client)
		}
		switch {
		case ctx.Err() != nil:
		case err == nil && said != "":
			said = ""
			p.o.Log("ledger: all witnesses have cosigned it")
		case err != nil && err.Error() != said:
			said = err.Error()
			p.o.Log("ledger: %v", err)
		}
	}
}

// AddLedgerWitness has one cosign the ledger from now on.
func AddLedgerWitness(stateFlag string, w LedgerWitness) error {
	state, err := StateDir(stateFlag)
	if err != nil {
		return err
	}
	if err := ledgerOf(state).AddWitness(w); err != nil {
		return &UsageError{err.Error()}
	}
	return nil
}

// RemoveLedgerWitness asks one no longer, by the name of its key.
func RemoveLedgerWitness(stateFlag, name string) error {
	state, err := StateDir(stateFlag)
	if err != nil {
		return err
	}
	found, err := ledgerOf(state).RemoveWitness(name)
	if err == nil && !found {
		err = &UsageError{"no witness is called " + name + "; all of them: holdfast ledger witness list"}
	}
	return err
}

// LedgerWitnesses gives those that are asked, and what each cosigned last.
func LedgerWitnesses(stateFlag string) ([]LedgerWitness, []ledger.Cosigned, error) {
	state, err := StateDir(stateFlag)
	if err != nil {
		return nil, nil, err
	}
	l := ledgerOf(state)
	all, err := l.Witnesses()
	if err != nil {
		return nil, nil, err
	}
	done, err := ledger.Cosignatures(l.FS())
	if errors.Is(err, ledger.ErrEmpty) {
		err = nil
	}
	return all, done, err
}

// ServeWitness vouches for the ledgers of others until the context ends.
func ServeWitness(ctx context.Context, dir, address string, logs []string, ready func(at, key string)) error {
	w, err := witness.Open(dir, logs)
	if err != nil {
		return &UsageError{err.Error()}
	}
	l, err := listen(ctx, address)
	if err != nil {
		return errors.Join(err, w.Close())
	}
	server := &http.Server{Handler: w.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	ready(l.Addr().String(), w.Key())
	select {
	case err = <-ended:
	case <-ctx.Done():
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = server.Shutdown(end)
		<-ended
	}
	return errors.Join(err, w.Close())
}
