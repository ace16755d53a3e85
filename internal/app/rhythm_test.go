package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast.example/holdfast/internal/finding"
	"holdfast.example/holdfast/internal/schedule"
)

// rhythmOf opens the database of a control plane until the end of the test, and gives its rhythm.
func rhythmOf(t *testing.T, o ServeOptions) *rhythm {
	t.Helper()
	s, err := openStore(t.Context(), o.State, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r, err := newRhythm(o, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRhythm: what the estate declares is looked at once at the start, not again soon after a restart, and what does not
// answer is tried again; what an agent speaks for is left to it.
func TestRhythm(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"web-1", "web-2"} {
		put(t, dir, map[string]string{name + "/etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n", name + "/etc/ssh/sshd_config": "PermitRootLogin yes\n", name + "/usr/sbin/sshd": ""})
	}
	path := filepath.Join(dir, "estate.yaml")
	system := func(name string) string {
		return fmt.Sprintf("  - {name: %s, environment: production, target: \"rootfs:%s\"}\n", name, filepath.Join(dir, name))
	}
	write := func(systems ...string) {
		t.Helper()
		text := "organization: Northwind\nenvironments:\n  - {name: production, stage: production}\nsystems:\n"
		for _, s := range systems {
			text += system(s)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("web-1", "web-2", "gone-1")
	o := ServeOptions{State: t.TempDir(), Estate: path, ScanEvery: time.Hour, Version: "1.0", Log: t.Logf}
	s, err := openStore(t.Context(), o.State, "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	// run looks until as many looks have ended, and gives which these were.
	run := func(until int) (*rhythm, []string) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, err := newRhythm(o, s)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var looked []string
		running := 0
		real := r.look
		r.look = func(ctx context.Context, system string) error {
			mu.Lock()
			if running++; running > looksAtOnce {
				t.Error(running, "at once")
			}
			mu.Unlock()
			err := real(ctx, system)
			mu.Lock()
			defer mu.Unlock()
			running--
			if looked = append(looked, system); len(looked) >= until {
				cancel()
			}
			return err
		}
		if until == 0 {
			time.AfterFunc(1500*time.Millisecond, cancel)
		}
		r.run(ctx)
		slices.Sort(looked)
		return r, looked
	}
	_, looked := run(3)
	if fmt.Sprint(looked) != "[production/gone-1 production/web-1 production/web-2]" {
		t.Error(looked)
	}
	for _, name := range []string{"production/web-1", "production/web-2"} {
		if at, err := s.LastSeen(t.Context(), name); err != nil || at.IsZero() {
			t.Error(name, at, err)
		}
	}
	fs, err := s.Findings(t.Context())
	if err != nil || !slices.ContainsFunc(fs, func(f finding.Finding) bool { return f.Subject == "production/web-2" && f.Check == "sshd-root-login" }) {
		t.Error(len(fs), err)
	}
	write("web-1", "web-2")
	if _, again := run(0); len(again) != 0 {
		t.Error("a restart looks again at", again)
	}
	r, err := newRhythm(o, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.reread(t.Context()); err != nil || len(r.tasks) != 2 || r.tasks["production/web-1"].Every != time.Hour {
		t.Errorf("%+v %v", r.tasks, err)
	}
	write("web-1")
	if err := r.reread(t.Context()); err != nil || len(r.tasks) != 1 {
		t.Errorf("%+v %v", r.tasks, err)
	}
	if err := r.assess(t.Context(), "production/web-2"); !errors.Is(err, errNoSystem) {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("systems: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.reread(t.Context()); err == nil || len(r.tasks) != 1 {
		t.Errorf("a broken estate takes systems away: %+v %v", r.tasks, err)
	}
}

// TestMissedInterval: a system that was last looked at before the control plane was off for a week is told of in the ledger, once; one that
// was looked at in time is not. Nothing makes an interval longer than the standard wants it.
func TestMissedInterval(t *testing.T) {
	o := ServeOptions{State: t.TempDir(), Log: t.Logf}
	r := rhythmOf(t, o)
	now := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.tasks = map[string]schedule.Task{
		"late":   {ID: "late", Every: time.Hour, Last: now.Add(-7 * 24 * time.Hour), Running: true},
		thisHost: {ID: thisHost, Every: 24 * time.Hour, Last: now.Add(-25 * time.Hour)},
	}
	r.look = func(context.Context, string) error { cancel(); return nil }
	r.run(ctx)
	events, err := r.store.EventsAfter(t.Context(), 0, 10)
	if err != nil || len(events) != 1 || !strings.Contains(string(events[0].Data), "late is to be looked at every 1h0m0s, and was last on ") {
		t.Errorf("%d events, %v: %+v", len(events), err, events)
	}
	for want, of := range map[time.Duration][]time.Duration{24 * time.Hour: {0, 0}, time.Hour: {time.Hour, 2 * time.Hour}, 2 * time.Hour: {48 * time.Hour, 2 * time.Hour}} {
		if got := shortest(of...); got != want {
			t.Error(of, got)
		}
	}
}

// TestIntervals: how often a system is looked at follows from the risk class of what runs there, from the estate and from the command line,
// the shortest of them; in a maintenance window it is held.
func TestIntervals(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"estate.yaml": `
organization: Northwind
people: [{id: sam, name: Sam Sicher}]
teams: [{name: web, members: [sam]}]
applications:
  - {name: wiki, team: web, criticality: low, exposure: internal}
  - {name: shop, team: web, criticality: high, exposure: internet}
environments: [{name: prod, stage: production}]
systems:
  - {name: wiki-1, environment: prod, application: wiki, target: "rootfs:/none"}
  - {name: shop-1, environment: prod, application: shop, target: "rootfs:/none"}
  - {name: other-1, environment: prod, target: "rootfs:/none"}
maintenance:
  - {name: always, where: [prod/wiki-1], reason: rebuilt, approved_by: sam, until: 2999-12-31}
  - {name: over, where: [prod/shop-1], reason: rebuilt, approved_by: sam, until: 2020-12-31}
`})
	for name, x := range map[string]struct {
		every time.Duration
		want  map[string]time.Duration
	}{
		"by the estate":       {0, map[string]time.Duration{"prod/wiki-1": 24 * time.Hour, "prod/other-1": 4 * time.Hour, "prod/shop-1": time.Hour}},
		"by the command line": {3 * time.Hour, map[string]time.Duration{"prod/wiki-1": 3 * time.Hour, "prod/other-1": 3 * time.Hour, "prod/shop-1": time.Hour}},
	} {
		o := ServeOptions{State: t.TempDir(), Estate: filepath.Join(dir, "estate.yaml"), ScanEvery: x.every, Log: t.Logf}
		r := rhythmOf(t, o)
		if err := r.reread(t.Context()); err != nil || len(r.tasks) != 3 {
			t.Fatal(err, r.tasks)
		}
		for id, task := range r.tasks {
			if task.Every != x.want[id] || task.Held != (id == "prod/wiki-1") {
				t.Errorf("%s: %+v", name, task)
			}
		}
	}
}
