package drift

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/host"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, host.Source{}, []*check.Check{Unapproved})
}

func TestLines(t *testing.T) {
	for want, c := range map[string]Change{
		"x was 1, is 2":            {"x", "1", "2"},
		"x[1] was added: 2":        {"x[1]", "", "2"},
		"x[1] is gone; it was {1}": {"x[1]", "{1}", ""},
	} {
		if got := c.Line(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
