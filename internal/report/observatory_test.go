package report_test

import (
	"bytes"
	"strings"
	"testing"

	"holdfast.example/holdfast/internal/report"
)

// TestObservatory: what costs most stands first, what gives points is not told, and a missing score says why.
func TestObservatory(t *testing.T) {
	o := report.Observatory{Score: ptr(70), Grade: "B", Tests: []report.ObservatoryTest{{Name: "a", Outcome: "x-content-type-options-not-implemented", Modifier: -5},
		{Name: "b", Outcome: "csp-not-implemented", Modifier: -25}, {Name: "c", Outcome: "referrer-policy-private", Modifier: 5}}, Unseen: []string{"redirection"}}
	for _, c := range []struct {
		o    report.Observatory
		want string
	}{
		{o, "B (70): -25 csp not implemented, -5 x content type options not implemented; not seen, and not in the score: redirection"},
		{report.Observatory{Score: ptr(105), Grade: "A+"}, "A+ (105)"},
		{report.Observatory{Reason: "the first page is answered with 404"}, "no score: the first page is answered with 404"},
	} {
		if got := c.o.Says(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	var b bytes.Buffer
	if err := report.Text(&b, sample(), report.TextOptions{Width: 200}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "observatory  B (75): -25 csp not implemented") {
		t.Errorf("not in the card:\n%s", b.String())
	}
}
