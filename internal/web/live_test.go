package web

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var stamps atomic.Int64

func (d data) Stamp(context.Context) (string, error) { return fmt.Sprint(stamps.Load()), nil }

// TestLive: who listens is told of a change, and let go when the session ends or the server does.
func TestLive(t *testing.T) {
	s, _, visit := serving(t, data{})
	s.live.every = time.Millisecond
	listen := func(v visitor) (*bufio.Scanner, *http.Response) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "GET", v.base+"/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := v.Do(req)
		if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatal(resp, err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		lines := bufio.NewScanner(resp.Body)
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), "retry:") {
			t.Fatal(lines.Text())
		}
		return lines, resp
	}
	until := func(lines *bufio.Scanner, word string) bool {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), word) {
				return true
			}
		}
		return false
	}
	erika, _ := logged(t, s, visit, "erika")
	lines, _ := listen(erika)
	if !until(lines, ": still here") {
		t.Error("no sign of life")
	}
	stamps.Add(1)
	if !until(lines, "event: changed") {
		t.Error("a change is not told")
	}
	if status, _, _ := visit().do("GET", "/live"); status != 401 {
		t.Error("somebody without a session listens:", status)
	}
	s.sessions.endOf("erika")
	if until(lines, "never") {
		t.Error("a session that ended goes on listening")
	}
	sam, _ := logged(t, s, visit, "sam")
	lines, _ = listen(sam)
	s.End()
	s.End()
	if until(lines, "never") {
		t.Error("a server that ends goes on telling")
	}
}

// TestLiveIsIdle: a page that was left open listens, again and again, and keeps no session alive; the stream ends with it.
func TestLiveIsIdle(t *testing.T) {
	s, _, visit := serving(t, data{})
	var at atomic.Int64
	at.Store(now.UnixNano())
	s.now = func() time.Time { return time.Unix(0, at.Load()).UTC() }
	s.live.every = time.Millisecond
	v, _ := logged(t, s, visit, "erika")
	listen := func() (*bufio.Scanner, int) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", v.base+"/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := v.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return bufio.NewScanner(resp.Body), resp.StatusCode
	}
	for range 3 {
		lines, status := listen()
		if status != 200 {
			t.Fatal(status)
		}
		at.Add(int64(idleTime / 3))
		if status == 200 && at.Load() < now.Add(idleTime).UnixNano() {
			for lines.Scan() && lines.Text() != ": still here" { // it looked at the session since
			}
			continue
		}
		for lines.Scan() { // ends with the session
		}
		if err := lines.Err(); err != nil {
			t.Error(err)
		}
	}
	if _, status := listen(); status != 401 {
		t.Error("a session is kept alive by a page that nobody looks at:", status)
	}
}
