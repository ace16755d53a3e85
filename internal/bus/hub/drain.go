package hub

import (
	"context"
	"fmt"
	"time"
)

// drainTime is how long the start waits until what lies on the own disk is recorded.
const drainTime = 30 * time.Second

// drain hands on what was taken before there was a cluster, and lies on the own disk.
func drain(ctx context.Context, o Options) error {
	o.Cluster, o.Turn, o.Listen = nil, nil, ""
	h, err := Start(ctx, o)
	if err != nil {
		return err
	}
	defer h.Close()
	for end := time.Now().Add(drainTime); ; {
		left := 0
		for name, e := range h.environments {
			once, cancel := context.WithTimeout(ctx, startTime)
			s, err := e.js.Stream(once, factsOf(name).Name)
			cancel()
			if err != nil {
				return err
			}
			left += int(s.CachedInfo().State.Msgs)
		}
		if left == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d reports that were taken before still lie in %s and are handed on at the next start", left, o.Dir)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
