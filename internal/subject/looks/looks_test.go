package looks

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
	"holdfast.example/holdfast/internal/host"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, host.Source{}, []*check.Check{Interval})
}
