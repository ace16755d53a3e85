package hub

import (
	"context"
	"errors"
	"sync"
	"time"
)

// turnTime is how long a task is one control plane's unless it says that it goes on.
const turnTime = 15 * time.Second

// inTurn does something while the task is this control plane's, of those that share the cluster. What lies on the own disk nobody else can do.
func (h *Hub) inTurn(task string, do func(context.Context) error) error {
	if h.relay == nil || h.o.Turn == nil {
		return do(h.ctx)
	}
	mine, err := h.o.Turn(h.ctx, task, h.o.Now().Add(turnTime))
	if err != nil || !mine {
		return err
	}
	ctx, cancel := context.WithCancel(h.ctx)
	var keeps sync.WaitGroup
	keeps.Go(func() {
		defer cancel()
		tick := time.NewTicker(turnTime / 3)
		defer tick.Stop()
		for until := time.Now().Add(turnTime); time.Now().Before(until); {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			mine, err := h.o.Turn(ctx, task, h.o.Now().Add(turnTime))
			if err == nil && !mine {
				return
			} else if err == nil {
				until = time.Now().Add(turnTime)
			}
		}
	})
	err = do(ctx)
	cancel()
	keeps.Wait()
	last, done := context.WithTimeout(context.WithoutCancel(h.ctx), awayTime)
	defer done()
	_, err2 := h.o.Turn(last, task, h.o.Now()) // another one may begin at once
	return errors.Join(err, err2)
}
