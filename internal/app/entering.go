package app

import (
	"context"
	"time"

	"holdfast.example/holdfast/internal/store/relational"
)

// enterTime is how often is looked for what other processes recorded.
const enterTime = time.Minute

func (p *pages) wake() {
	select {
	case p.happened <- struct{}{}:
	default: // it is awake
	}
}

// enterAll enters into the ledger what happens, until the context ends; what is left then enters last. A log-in does not wait
// for it: it is in the database, and enters whatever comes between.
func (p *pages) enterAll(ctx context.Context) {
	said := ""
	for last := false; ; {
		state, err := StateDir(p.o.State)
		if err == nil {
			once := context.WithoutCancel(ctx)
			err = withStore(once, p.o.State, p.o.DB, func(s *relational.Store) error { return enter(once, s, state) })
		}
		switch {
		case err == nil:
			said = ""
		case err.Error() != said:
			said = err.Error()
			p.o.Log("ledger: %v", err)
		}
		if last {
			return
		}
		timer := time.NewTimer(enterTime)
		select {
		case <-ctx.Done():
			last = true
		case <-p.happened:
		case <-timer.C:
		}
		timer.Stop()
	}
}
