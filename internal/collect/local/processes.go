package local

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// processes lists all processes but our own and those that we started. One that vanishes while
// it is read is left out: it was not running.
func processes() ([]host.Process, *fact.Problem) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, problem("/proc", err)
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, problem("/proc", err)
	}
	self := os.Getpid()
	var out []host.Process
	for _, n := range names {
		pid, err := strconv.Atoi(n)
		if err != nil || pid == self {
			continue
		}
		if p, ok := process(pid); ok && p.Parent != self {
			out = append(out, p)
		}
	}
	sortByPID(out)
	return out, nil
}

func process(pid int) (host.Process, bool) {
	dir := "/proc/" + strconv.Itoa(pid) + "/"
	p := host.Process{PID: pid}
	status, err := slurp(dir + "status")
	if err != nil {
		return p, false
	}
	host.ParseStatus(string(status), &p)
	cmdline, _ := slurp(dir + "cmdline")
	p.Args = host.ParseArgs(string(cmdline))
	cgroup, _ := slurp(dir + "cgroup")
	p.Cgroup = host.ParseCgroup(string(cgroup))
	p.Exe, _ = os.Readlink(dir + "exe")
	p.PIDNS, _ = os.Readlink(dir + "ns/pid")
	p.NetNS, _ = os.Readlink(dir + "ns/net")
	// Kernel threads answer neither: that is no denial.
	p.Environ, err = slurp(dir + "environ")
	p.EnvDenied = errors.Is(err, fs.ErrPermission)
	maps, err := slurp(dir + "maps")
	p.MapsDenied = errors.Is(err, fs.ErrPermission)
	p.Mapped = host.ParseMaps(string(maps))
	fds, err := os.Open(dir + "fd")
	if err != nil {
		p.FDDenied = errors.Is(err, fs.ErrPermission)
		return p, true
	}
	defer fds.Close()
	names, _ := fds.Readdirnames(-1)
	for _, n := range names {
		link, _ := os.Readlink(dir + "fd/" + n)
		if inode, ok := host.SocketInode(link); ok {
			p.Sockets = append(p.Sockets, inode)
		}
	}
	return p, true
}

func slurp(p string) ([]byte, error) {
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, host.MaxFile))
}
