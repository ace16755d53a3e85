package access_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/access"
)

// TestThrottle: five failures are free, then the wait doubles up to a quarter of an hour; a success and an hour forget them; one
// key says nothing of another.
func TestThrottle(t *testing.T) {
	var th access.Throttle
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	for i := range 4 {
		if n := th.Failed("a", now); n != i+1 || th.Wait("a", now) != 0 {
			t.Error(i, n, th.Wait("a", now))
		}
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		th.Failed("a", now)
		if got := th.Wait("a", now); got != want*time.Second {
			t.Errorf("after %d: %s, want %ds", 5+i, got, want)
		}
	}
	if th.Wait("a", now.Add(time.Minute)) != 14*time.Minute || th.Wait("a", now.Add(time.Hour)) != 0 || th.Wait("b", now) != 0 {
		t.Error("waiting does not help, or another waits too")
	}
	if n := th.Failed("a", now.Add(time.Hour)); n != 1 {
		t.Error("an hour does not forget:", n)
	}
	for range 10 {
		th.Failed("a", now)
	}
	th.Succeeded("a")
	if th.Wait("a", now) != 0 {
		t.Error("a success does not forget")
	}
	known := 0
	for i := range 30_000 {
		th.Failed(fmt.Sprint(i), now)
	}
	for i := range 30_000 {
		if th.Failed(fmt.Sprint(i), now) > 1 {
			known++
		}
	}
	if known > 20_000 {
		t.Error("what is remembered has no bounds:", known)
	}
}

// TestTry: of attempts at once no more than the free ones pass, and who waited has one; a success forgets them.
func TestTry(t *testing.T) {
	var th access.Throttle
	now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	var passed atomic.Int32
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if wait, _ := th.Try("a", now); wait == 0 {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	if passed.Load() != 5 {
		t.Error(passed.Load(), "passed")
	}
	if wait, n := th.Try("a", now.Add(time.Second)); wait != 0 || n != 6 {
		t.Error(wait, n)
	}
	if wait, _ := th.Try("a", now.Add(time.Second)); wait != 2*time.Second {
		t.Error(wait)
	}
	th.Succeeded("a")
	if wait, n := th.Try("a", now); wait != 0 || n != 1 {
		t.Error(wait, n)
	}
}
