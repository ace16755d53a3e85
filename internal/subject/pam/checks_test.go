package pam

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Source, []*check.Check{
		PasswordLength, PasswordClasses, PasswordHistory, HashScheme,
		EmptyPasswords, Lockout, LockoutTime, SuGroup, SecondFactor,
		OpenDoor, Rhosts, ExecPassword, ModulePath, FileMode,
	})
}
