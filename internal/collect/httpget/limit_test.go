package httpget

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestRate: so many a second and no more; the clock is that of the bubble.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, begin := NewLimit(20), time.Now()
		for range 101 {
			done, err := l.wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			done()
		}
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("101 requests in %s, want 5s", took)
		}
	})
}

// TestUnbounded: 0 bounds no rate.
func TestUnbounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, begin := NewLimit(0), time.Now()
		for range 1000 {
			if done, err := l.wait(t.Context()); err != nil {
				t.Fatal(err)
			} else {
				done()
			}
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("1000 requests in %s", took)
		}
	})
}

// TestAtOnce: the fifth waits until one of four is done, or its own time is over.
func TestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimit(0)
		var inside atomic.Int64
		var places []func()
		var mu sync.Mutex
		for range 6 {
			go func() {
				done, err := l.wait(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				inside.Add(1)
				mu.Lock()
				places = append(places, done)
				mu.Unlock()
			}()
		}
		synctest.Wait()
		if n := inside.Load(); n != 4 {
			t.Fatalf("%d at once, want 4", n)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.wait(short); err == nil {
			t.Error("a fifth got in")
		}
		places[0]()
		synctest.Wait()
		if n := inside.Load(); n != 5 {
			t.Errorf("%d were let in after one was done, want 5", n)
		}
		for i := 1; i < 5; i++ {
			places[i]()
			synctest.Wait()
		}
	})
}

// TestNeverMoreThanFour: all that is asked of a site goes through the limit, what is asked over connections of their
// own too.
func TestNeverMoreThanFour(t *testing.T) {
	var now, most atomic.Int64
	get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for {
			m := most.Load()
			if n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		http.NotFound(w, r)
	}), func(r *Request) { r.Write = true })
	if n := most.Load(); n > 4 || n < 1 {
		t.Errorf("%d requests at once", n)
	}
}

// TestPaced: every request of an assessment takes a turn of the rate.
func TestPaced(t *testing.T) {
	var n atomic.Int64
	begin := time.Now()
	get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		http.NotFound(w, r)
	}), func(r *Request) { r.Paths, r.Write, r.Limit = nil, true, NewLimit(200) })
	if least := time.Duration(n.Load()-1) * time.Second / 200; time.Since(begin) < least {
		t.Errorf("%d requests in %s, which is faster than 200 a second", n.Load(), time.Since(begin))
	}
}
