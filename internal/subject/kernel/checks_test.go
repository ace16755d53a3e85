package kernel

import (
	"testing"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/check/checktest"
)

var checks = []*check.Check{
	AddressSpace, Pointers, Messages, Performance, Tracing, BPF, BPFCode, PrivilegedDumps, SysRq, LowMemory, Kexec, Oops, Links, SharedFiles,
	Redirects, SecureRedirects, SendRedirects, SourceRoutes, Martians, ReversePath, Broadcasts, BogusErrors, SynCookies, TimeWait,
	RouterAdvertisements, Forwarding, Kept, OddFilesystems, OddProtocols, USBStorage, MandatoryAccess, SELinuxKept, Profiles, CommandLine,
	LoaderPassword, LoaderWritable, LoaderReadable, CoreDumps, Lockdown, Prelinked, CtrlAltDel,
}

func TestChecks(t *testing.T) { checktest.Run(t, Source, checks) }
