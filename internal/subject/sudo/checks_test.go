package sudo

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Source, []*check.Check{
		PasswordForAll, Authenticates, Timeout, OwnPassword, DoasPassword,
		UsePTY, Logs, LogFile, Environment, SecurePath,
		Everyone, KnownAdmins, Negation, Wildcards, Escapes, Writable, FileMode, FileReadable,
	})
}
