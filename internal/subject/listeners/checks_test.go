package listeners

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Source, []*check.Check{
		Declared, BackendExposed, LocalService, LegacyService, CleartextLogin, DebugInterface,
		RootService, Capabilities, OwnUser, DeletedProgram, TemporaryProgram,
	})
}
