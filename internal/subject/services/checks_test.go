package services

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Source, []*check.Check{
		Unneeded, ClearText, Declared, Sandbox, OwnRoot, Capabilities, UnitFiles, Programs, CronPrograms, CronTables, Temporary,
		CronPermissions, CronUsers, AtUsers, DebugShell, Autologin, RescuePassword, CtrlAltDel, Failures, Multicast,
	})
}
