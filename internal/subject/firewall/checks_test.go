package firewall

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Source, []*check.Check{
		Active, DefaultDeny, IPv6, Forward, SingleFramework, Persistent, Loopback, Sources, UndeclaredOpening,
	})
}
