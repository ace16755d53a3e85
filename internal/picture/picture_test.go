package picture_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/picture"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

type seen struct{}

func (seen) Kind() fact.Kind                   { return fact.Kind{Name: "seen", Version: 1} }
func (seen) Missing() map[string]*fact.Problem { return nil }

// TestMarks: a mark says what an outcome says, within bounds.
func TestMarks(t *testing.T) {
	c := &check.Check{ID: "a", Rule: check.Rule{Kind: seen{}.Kind()}}
	outcomes := []check.Outcome{
		{Check: c, Observation: &fact.Observation{Subject: "x", ObservedAt: monday}, Result: check.Result{Verdict: check.Fail, Detail: strings.Repeat("ü", 400), Violations: []check.Violation{{Key: "1"}, {Key: "2"}}}},
		{Check: c, Observation: &fact.Observation{Subject: "y", ObservedAt: monday, Problem: &fact.Problem{Cause: fact.Denied, Source: "/etc/x", Text: "no"}}, Result: check.Result{Verdict: check.Unknown, Detail: "no"}},
	}
	m := picture.Marks(outcomes)
	if x := m["x"][0]; x.Faults != 2 || x.Unseen != "" || len(x.Detail) > 300 || !utf8.ValidString(x.Detail) || !strings.HasSuffix(x.Detail, "…") || x.Kind != "seen" {
		t.Errorf("%+v", x)
	}
	if y := m["y"][0]; y.Unseen == "" || y.Verdict != check.Unknown {
		t.Errorf("%+v", y)
	}
}

// TestJudged: what is judged again replaces itself and nothing else; what was not seen does not count as seen.
func TestJudged(t *testing.T) {
	s := picture.Subject{Name: "x"}.Judged(monday, []picture.Mark{{Check: "b", Verdict: check.Pass, At: monday}, {Check: "a", Verdict: check.Fail, At: monday}})
	later := monday.Add(time.Hour)
	s = s.Judged(later, []picture.Mark{{Check: "a", Verdict: check.Unknown, At: later, Unseen: "gone"}})
	want := picture.Subject{Name: "x", At: later, Marks: []picture.Mark{{Check: "a", Verdict: check.Unknown, At: later, Unseen: "gone"}, {Check: "b", Verdict: check.Pass, At: monday}}}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
	if !s.Seen().Equal(monday) {
		t.Error(s.Seen())
	}
	if !(picture.Subject{}).Seen().IsZero() {
		t.Error("nothing was seen once")
	}
}

// TestNow: a pass grows old, a fault does not.
func TestNow(t *testing.T) {
	set := check.Settings{MaxAge: 48 * time.Hour}
	for _, x := range []struct {
		was  check.Verdict
		age  time.Duration
		want check.Verdict
	}{
		{check.Pass, 48 * time.Hour, check.Pass}, {check.Pass, 49 * time.Hour, check.Unknown}, {check.NotApplicable, 49 * time.Hour, check.Unknown}, {check.Fail, 1000 * time.Hour, check.Fail},
	} {
		if got := (picture.Mark{Verdict: x.was, At: monday}).Now(set, monday.Add(x.age)); got.Verdict != x.want {
			t.Errorf("%+v: %s", x, got.Verdict)
		}
	}
}
