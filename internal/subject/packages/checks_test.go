package packages

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Source, []*check.Check{
		SecurityUpdates, OtherUpdates, ListsCurrent, Automatically, RebootPending, RunningKernel,
		Authenticated, KeyBound, Encrypted, UnauthenticatedAllowed, ReplayAccepted,
		Readable, Whole, Purged, LegacyClients, LegacyServers, Origin,
	})
}
