package web

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// live tells browsers that something changed, so that nobody reads an old page for a new one.
type live struct {
	open  atomic.Int32  // streams
	every time.Duration // between two looks
}

const (
	// livePath is asked for by pages by themselves, again and again: it is no sign of somebody being there.
	livePath = "/live"
	// liveEvery is how often is looked; it costs a query of four numbers.
	liveEvery = 2 * time.Second
	// liveTime ends a stream: the browser comes back by itself, and shows its session again.
	liveTime = 5 * time.Minute
	// maxStreams are open at once; who comes later reloads the page.
	maxStreams = 200
)

// stream sends an event whenever how everything stands was worked out anew, by server-sent events (HTML, 9.2). It tells
// nothing of what changed: what somebody may see, the page shows.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	if s.live.open.Add(1) > maxStreams {
		s.live.open.Add(-1)
		w.Header().Set("Retry-After", "60")
		refuse(w, http.StatusServiceUnavailable, "too many browsers listen")
		return
	}
	defer s.live.open.Add(-1)
	w.Header().Set("Content-Type", "text/event-stream")
	to := http.NewResponseController(w)
	send := func(text string) bool {
		_ = to.SetWriteDeadline(time.Now().Add(10 * time.Second)) // a browser that does not read is let go
		_, err := fmt.Fprint(w, text)
		return err == nil && to.Flush() == nil
	}
	last, err := s.pictures.Stamp(r.Context())
	if err != nil || !send("retry: 10000\n\n") {
		return
	}
	end, tick := time.NewTimer(liveTime), time.NewTicker(s.live.every)
	defer end.Stop()
	defer tick.Stop()
	for looks := 1; ; looks++ {
		select {
		case <-r.Context().Done():
			return
		case <-s.ending:
			return
		case <-end.C:
			return
		case <-tick.C:
		}
		if _, is := s.sessionContext(r); !is {
			return // logged out, idle for too long, or of the estate no more
		}
		now, err := s.pictures.Stamp(r.Context())
		switch {
		case err != nil:
		case now != last:
			if last = now; !send("event: changed\ndata: \n\n") {
				return
			}
		case looks%10 == 0:
			if !send(": still here\n\n") {
				return
			}
		}
	}
}

// End lets go of who listens, so that a shutdown does not wait for them.
func (s *Server) End() { s.ended.Do(func() { close(s.ending) }) }
