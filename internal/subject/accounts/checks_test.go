package accounts

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

func TestChecks(t *testing.T) {
	checktest.Run(t, Source, []*check.Check{
		RootAlone, RootGroup, UniqueNumbers, UniqueGroups, UniqueNames, GroupExists, ShadowGroup, GroupPasswords,
		LegacyEntries, EntryForm,
		NoEmptyPassword, Shadowed, StrongHash, SharedPassword, RootPassword, EncryptMethod,
		MaxDays, MinDays, WarnDays, InactiveDays, ChangedInPast,
		SystemLogIn, SystemShell, ClosedAreLocked, Umask, Timeout, HomeExists, HomeWritable, HomeReadable,
		WeakKeys, ShortRSA, KeyFileMode, SharedKey, RootKeys, KnownKeys,
		GenericNames, AdminPerson, AdminSeparate, Leavers, Unused, Expired,
	})
}
