package finding_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/finding"
)

// memory remembers findings as a store does: by place, with a history.
type memory struct {
	findings map[string]finding.Finding
	events   []finding.Event
}

func (m *memory) run(name string, outcomes ...check.Outcome) {
	if m.findings == nil {
		m.findings = map[string]finding.Finding{}
	}
	for _, o := range outcomes {
		var before []finding.Finding
		for _, f := range m.all() {
			if (finding.Place{Check: f.Check, Kind: f.Kind, Subject: f.Subject}) == finding.PlaceOf(o) {
				before = append(before, f)
			}
		}
		for _, c := range finding.Follow(o, before, name, all) {
			m.findings[c.ID] = c.Finding
			if c.Happened != finding.Still {
				m.events = append(m.events, finding.Event{Finding: c.ID, At: o.Observation.ObservedAt, Run: name, Happened: c.Happened, Reason: c.Reason})
			}
		}
	}
}

func (m *memory) all() []finding.Finding {
	var out []finding.Finding
	for _, f := range m.findings {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b finding.Finding) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func partial(o check.Outcome) check.Outcome { o.Partial = true; return o }

// What one outcome does to one finding that is open, closed, or not there yet.
func TestFollow(t *testing.T) {
	const key = "user:toor"
	for _, tc := range []struct {
		rule     string
		before   finding.State // empty: not remembered
		now      check.Outcome
		happened finding.Happened // empty: nothing
	}{
		{"a new fault opens", "", outcome(1, check.Fail, key), finding.Opened},
		{"a fault that is still there is seen again", finding.Open, outcome(1, check.Fail, key), finding.Still},
		{"a fault that came back reopens", finding.Closed, outcome(1, check.Fail, key), finding.Reopened},
		{"a partial fail opens as well", "", partial(outcome(1, check.Fail, key)), finding.Opened},
		{"a partial fail reopens as well", finding.Closed, partial(outcome(1, check.Fail, key)), finding.Reopened},
		{"a pass closes", finding.Open, outcome(1, check.Pass), finding.Ended},
		{"what no longer applies closes", finding.Open, outcome(1, check.NotApplicable), finding.Ended},
		{"a fail that names others closes", finding.Open, outcome(1, check.Fail, "user:x"), finding.Ended},
		{"a fail beside which something was not seen does not", finding.Open, partial(outcome(1, check.Fail, "user:x")), ""},
		{"an unknown closes nothing", finding.Open, outcome(1, check.Unknown), ""},
		{"an error closes nothing", finding.Open, outcome(1, check.Error), ""},
		{"what is closed is not closed again by a pass", finding.Closed, outcome(1, check.Pass), ""},
		{"nor by an unknown", finding.Closed, outcome(1, check.Unknown), ""},
		{"nothing comes of a pass", "", outcome(1, check.Pass), ""},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			var before []finding.Finding
			if tc.before != "" {
				o := outcome(0, check.Fail, key)
				f := finding.Of(o, o.Violations[0])
				if tc.before == finding.Closed {
					at := day(0)
					f.State, f.ClosedAt, f.ClosedBy = finding.Closed, &at, "run-0"
				}
				before = append(before, f)
			}
			var got finding.Happened
			for _, c := range finding.Follow(tc.now, before, "run-1", all) {
				if c.ID != id(key) {
					continue
				}
				if got != "" {
					t.Errorf("%s and %s happened to it", got, c.Happened)
				}
				got = c.Happened
				if closed := c.Happened == finding.Ended; closed != (c.State == finding.Closed) || closed != (c.ClosedAt != nil) || closed != (c.ClosedBy != "") {
					t.Errorf("%s leaves it %s, closed at %v by %q", c.Happened, c.State, c.ClosedAt, c.ClosedBy)
				}
				if c.Happened != finding.Still && c.Reason == "" {
					t.Errorf("%s without a reason", c.Happened)
				}
			}
			if got != tc.happened {
				t.Errorf("got %q, want %q", got, tc.happened)
			}
		})
	}
}

// The life of one finding: what the times, the occurrence and the last look say after each run.
func TestLife(t *testing.T) {
	type state struct {
		State                           finding.State
		Occurrence                      int
		Identified, FirstSeen, LastSeen time.Time
		Closed                          string // run
		Fact                            string
	}
	var m memory
	for _, step := range []struct {
		run  string
		now  check.Outcome
		want state
	}{
		{"first seen", outcome(0, check.Fail, "user:toor"), state{finding.Open, 1, day(0), day(0), day(0), "", "d0"}},
		{"the clock counts from then", outcome(1, check.Fail, "user:toor"), state{finding.Open, 1, day(0), day(0), day(1), "", "d1"}},
		{"unseen it stays as it was", outcome(2, check.Unknown), state{finding.Open, 1, day(0), day(0), day(1), "", "d1"}},
		{"gone", outcome(3, check.Pass), state{finding.Closed, 1, day(0), day(0), day(1), "gone", "d1"}},
		{"still gone", outcome(4, check.Pass), state{finding.Closed, 1, day(0), day(0), day(1), "gone", "d1"}},
		{"back: a new clock, the old memory", outcome(5, check.Fail, "user:toor"), state{finding.Open, 2, day(5), day(0), day(5), "", "d5"}},
		{"still back", outcome(6, check.Fail, "user:toor"), state{finding.Open, 2, day(5), day(0), day(6), "", "d6"}},
		{"gone again", outcome(7, check.NotApplicable), state{finding.Closed, 2, day(5), day(0), day(6), "gone again", "d6"}},
	} {
		m.run(step.run, step.now)
		f := m.findings[id("user:toor")]
		if d := cmp.Diff(step.want, state{f.State, f.Occurrence, f.Identified, f.FirstSeen, f.LastSeen, f.ClosedBy, f.Fact}); d != "" {
			t.Errorf("%s: -want +got:\n%s", step.run, d)
		}
		if f.ClosedAt != nil && f.State == finding.Open {
			t.Errorf("%s: open, and closed at %s", step.run, f.ClosedAt)
		}
	}
	if f := m.findings[id("user:toor")]; f.ClosedAt == nil || !f.ClosedAt.Equal(day(7)) {
		t.Errorf("closed at %v, want when it was seen to be gone", f.ClosedAt)
	}
	var happened []finding.Happened
	for _, e := range m.events {
		happened = append(happened, e.Happened)
	}
	if want := []finding.Happened{finding.Opened, finding.Ended, finding.Reopened, finding.Ended}; !slices.Equal(happened, want) {
		t.Errorf("history %v, want %v", happened, want)
	}
}

// A fault that is still there tells of itself as last seen, with today's words and severity.
func TestStillThereIsUpToDate(t *testing.T) {
	var m memory
	m.run("1", outcome(0, check.Fail, "user:toor"))
	o := outcome(1, check.Fail, "user:toor")
	o.Check = &check.Check{ID: "box-toor", Title: "A better title"}
	o.Violations[0].Detail, o.Violations[0].Source, o.Violations[0].Severity, o.Violations[0].Why = "moved", "/etc/passwd:9", check.Critical, "exposed"
	m.run("2", o)
	f := m.findings[id("user:toor")]
	if f.Title != "A better title" || f.Detail != "moved" || f.Source != "/etc/passwd:9" || f.Severity != check.Critical || f.Why != "exposed" || len(m.findings) != 1 {
		t.Errorf("got %+v", f)
	}
}

// Each fault has its own life, whatever the order in which they are named or remembered.
func TestFaultsDoNotTouchEachOther(t *testing.T) {
	var m memory
	m.run("1", outcome(0, check.Fail, "user:a", "user:b", "user:c"))
	m.run("2", outcome(1, check.Fail, "user:d", "user:b"))
	want := map[string]finding.State{"user:a": finding.Closed, "user:b": finding.Open, "user:c": finding.Closed, "user:d": finding.Open}
	for key, s := range want {
		if f := m.findings[id(key)]; f.State != s {
			t.Errorf("%s is %q, want %s", key, f.State, s)
		}
	}
	before := m.all()
	keys := []string{"user:a", "user:c", "user:d"}
	sorted := func(cs []finding.Change) []finding.Change {
		slices.SortFunc(cs, func(a, b finding.Change) int { return strings.Compare(a.ID, b.ID) })
		return cs
	}
	first := sorted(finding.Follow(outcome(2, check.Fail, keys...), before, "3", all))
	r := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		r.Shuffle(len(before), func(i, j int) { before[i], before[j] = before[j], before[i] })
		r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		if d := cmp.Diff(first, sorted(finding.Follow(outcome(2, check.Fail, keys...), before, "3", all))); d != "" {
			t.Fatalf("in another order:\n%s", d)
		}
	}
}

// Vanished is not fixed: what was not looked at closes nothing.
func TestUnseenClosesNothing(t *testing.T) {
	other := outcome(1, check.Pass)
	other.Observation.Subject = "host:b"
	newer := outcome(1, check.Pass)
	newer.Check = &check.Check{ID: "box-new"}
	judged := check.Judge(&check.Check{ID: "box-toor", Rule: check.Rule{Kind: fact.Kind{Name: "box", Version: 1}}}, check.Catalogue{},
		[]fact.Observation{{Subject: "host:a", Kind: fact.Kind{Name: "box", Version: 1}, Problem: &fact.Problem{Cause: fact.Unreachable}, ObservedAt: day(1)}}, nil, day(1))
	for rule, outcomes := range map[string][]check.Outcome{
		"nothing was looked at":       nil,
		"another subject passed":      {other},
		"the check vanished":          {newer},
		"the host is unreachable":     judged,
		"it is unknown beside others": {other, outcome(1, check.Unknown), newer},
	} {
		var m memory
		m.run("1", outcome(0, check.Fail, "user:toor"))
		m.run("2", outcomes...)
		if f := m.findings[id("user:toor")]; f.State != finding.Open || !f.LastSeen.Equal(day(0)) {
			t.Errorf("%s: it is %s, last seen %s", rule, f.State, f.LastSeen)
		}
	}
}

// Follow changes nothing that is its caller's.
func TestFollowIsPure(t *testing.T) {
	o := outcome(0, check.Fail, "user:a", "user:b")
	before := []finding.Finding{finding.Of(o, o.Violations[0]), finding.Of(o, o.Violations[1])}
	kept := slices.Clone(before)
	finding.Follow(outcome(1, check.Pass), before, "2", all)
	if d := cmp.Diff(kept, before); d != "" {
		t.Errorf("%s", d)
	}
}

// all were looked at.
func all(string) bool { return true }

// A shared fault: identity.md, "vanished is not fixed", holds for the one whose partner was not seen.
func TestSharedFaultNeedsBothToClose(t *testing.T) {
	const key = "machine_id:a"
	o := outcome(0, check.Fail, key)
	o.Violations[0].With = []string{o.Observation.Subject, "web-2"}
	before := []finding.Finding{finding.Of(o, o.Violations[0])}
	for name, c := range map[string]struct {
		has    []string
		looked func(string) bool
		closed bool
	}{
		"the other was not looked at": {[]string{key}, func(s string) bool { return s != "web-2" }, false},
		"the other has changed":       {[]string{key}, all, true},
		"this one has changed":        {[]string{"machine_id:b"}, func(s string) bool { return s != "web-2" }, true},
	} {
		for _, verdict := range []check.Verdict{check.Pass, check.NotApplicable} {
			now := outcome(1, verdict)
			now.Has = c.has
			changes := finding.Follow(now, before, "run-1", c.looked)
			if closed := len(changes) == 1 && changes[0].Happened == finding.Ended; closed != c.closed {
				t.Errorf("%s, %s: closed %v, want %v", name, verdict, closed, c.closed)
			}
		}
	}
}
