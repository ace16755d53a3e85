package filesystems

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

var checks = []*check.Check{
	DeviceOptions, ProgramOptions, Separate, MountsKept, AccountFiles, PasswordFiles, HostKeys, TLSKeys, SudoFolder, SSHSettings, JobAccess, CronReadable,
	Banners, HostTables, RootHome, BootFolder, StartupFiles, ProgramFolders, OpenFiles, OpenFolders, SetUserID, SetGroupID, Owners,
	TrustFiles, LoginFiles, DotFiles,
}

func TestChecks(t *testing.T) { checktest.Run(t, Source, checks) }
