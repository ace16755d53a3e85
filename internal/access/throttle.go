package access

import (
	"sync"
	"time"
)

// Throttle slows down who fails to log in again and again. It is asked by a key: a source, or an account at a source, so that
// who attacks an account from elsewhere does not lock its owner out. The zero Throttle is ready. Times are told to it.
type Throttle struct {
	mu  sync.Mutex
	all map[string]failures
}

type failures struct {
	n    int
	last time.Time
}

const (
	// freeFailures are forgiven: fingers slip.
	freeFailures = 5
	// maxWait is the longest that one waits after a failure; the wait doubles from a second.
	maxWait = 15 * time.Minute
	// forgetFailures is after what time without a failure all are forgotten.
	forgetFailures = time.Hour
	// maxKeys bounds what is remembered. Of more some are forgotten, which helps only who has as many sources.
	maxKeys = 10_000
)

// Wait tells how long a key has to wait before the next attempt; 0: not at all.
func (t *Throttle) Wait(key string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wait(key, now)
}

func (t *Throttle) wait(key string, now time.Time) time.Duration {
	f, known := t.all[key]
	if !known || f.n < freeFailures {
		return 0
	}
	wait := maxWait
	if n := f.n - freeFailures; n < 10 {
		wait = min(wait, time.Second<<n)
	}
	return max(0, wait-now.Sub(f.last))
}

// Try takes an attempt: it counts as a failure until Succeeded says otherwise, so that of many at once no more than the free
// ones pass. It gives how long the key has to wait, and then counts nothing, or how many attempts there were in a row.
func (t *Throttle) Try(key string, now time.Time) (wait time.Duration, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if wait := t.wait(key, now); wait > 0 {
		return wait, 0
	}
	return 0, t.failed(key, now)
}

// Failed notes a failure, and tells how many there were in a row.
func (t *Throttle) Failed(key string, now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed(key, now)
}

func (t *Throttle) failed(key string, now time.Time) int {
	if t.all == nil {
		t.all = map[string]failures{}
	}
	f := t.all[key]
	if now.Sub(f.last) >= forgetFailures {
		f.n = 0
	}
	if _, known := t.all[key]; !known && len(t.all) >= maxKeys {
		t.forget(now)
	}
	f.n, f.last = f.n+1, now
	t.all[key] = f
	return f.n
}

// Succeeded forgets what failed before.
func (t *Throttle) Succeeded(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.all, key)
}

// forget lets go of what is over, and of any half where all still holds: to find the oldest each time would cost more than a
// log-in does.
func (t *Throttle) forget(now time.Time) {
	for key, f := range t.all {
		if now.Sub(f.last) >= forgetFailures {
			delete(t.all, key)
		}
	}
	if len(t.all) < maxKeys {
		return
	}
	for key := range t.all {
		if len(t.all) <= maxKeys/2 {
			return
		}
		delete(t.all, key)
	}
}
