package listeners

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/host"
)

// capabilities by bit, as in linux/capability.h of Linux 6.1.
var capabilities = [...]string{
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
	"CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
	"CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
	"CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL",
	"CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
}

// everyCapability has the 38 bits that all supported kernels know: a process with these has all.
const everyCapability = 1<<38 - 1

func capabilityNames(bits uint64) []string {
	if bits&everyCapability == everyCapability {
		return []string{"all"}
	}
	var names []string
	for i, n := range capabilities {
		if bits&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}

func holders(processes []host.Process) map[uint64][]host.Process {
	held := map[uint64][]host.Process{}
	for _, p := range processes {
		for _, inode := range p.Sockets {
			if list := held[inode]; len(list) > 0 && list[len(list)-1].PID == p.PID {
				continue
			}
			held[inode] = append(held[inode], p)
		}
	}
	return held
}

// programs describes the holders of one socket. A worker of another executable under a parent that
// holds the socket too is left out (smtpd under Postfix's master): it comes and goes with the load.
// Children of PID 1 are services that took over a socket from systemd: they stay.
func programs(held []host.Process, users map[int]string) []Program {
	byPID := map[int]host.Process{}
	for _, p := range held {
		byPID[p.PID] = p
	}
	var out []Program
	for _, p := range held {
		parent, ok := byPID[p.Parent]
		if ok && p.Parent != 1 && image(parent) != image(p) {
			continue
		}
		prog := program(p, users)
		for _, child := range held {
			if p.UIDs[1] == 0 && child.Parent == p.PID && child.UIDs[1] != 0 && image(child) == image(p) {
				prog.RootParent = true
			}
		}
		out = append(out, prog)
	}
	return out
}

func image(p host.Process) string {
	if p.Exe != "" {
		return strings.TrimSuffix(p.Exe, deleted)
	}
	return p.Name
}

const deleted = " (deleted)"

func program(p host.Process, users map[int]string) Program {
	exe, gone := strings.CutSuffix(p.Exe, deleted)
	out := Program{
		Name: p.Name, Exe: exe, Deleted: gone, UID: p.UIDs[1], User: users[p.UIDs[1]],
		Caps: capabilityNames(p.Caps), NoNewPrivs: p.NoNewPriv, Seccomp: p.Seccomp == 2,
	}
	if exe != "" {
		out.Name = path.Base(exe)
	}
	if out.User == "" {
		out.User = strconv.Itoa(out.UID)
	}
	out.Unit, out.Container = host.Unit(p.Cgroup)
	return out
}

func distinct(list []Program) []Program {
	slices.SortFunc(list, compareProgram)
	return slices.CompactFunc(list, func(a, b Program) bool { return compareProgram(a, b) == 0 })
}

func compareProgram(a, b Program) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Exe, b.Exe), cmp.Compare(a.UID, b.UID),
		cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Container, b.Container), slices.Compare(a.Caps, b.Caps),
		flag(a.Deleted, b.Deleted), flag(a.NoNewPrivs, b.NoNewPrivs), flag(a.Seccomp, b.Seccomp),
		flag(a.RootParent, b.RootParent))
}

func flag(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
