package listeners

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Source gathers listening sockets and their processes.
var Source = host.Define(host.Spec[Fact]{
	Title: "Listening sockets",
	Needs: host.Join(tables(), host.Read(passwd, portRange), host.Processes()),
	Parse: parse,
})

const (
	passwd    = "/etc/passwd"
	portRange = "/proc/sys/net/ipv4/ip_local_port_range"
	maxTable  = 8 << 20 // a busy server holds tens of thousands of connections, 150 bytes each
)

var tableFiles = [...]string{"/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp", "/proc/net/udp6"}

func tables() []host.Need {
	needs := host.Read(tableFiles[:]...)
	for i := range needs {
		needs[i].Max = maxTable
	}
	return needs
}

// parse joins sockets and processes. Inodes of sockets are unique over all network namespaces, so
// the join never takes a process of a container for one of the host.
func parse(ev *host.Evidence, _ fact.Key) Fact {
	var f Fact
	users, p := users(ev)
	f.Note(partProcesses, p)
	sockets := gatherSockets(ev, &f)
	processes, problem := ev.Processes()
	f.Note(partProcesses, problem)
	holders := holders(processes)
	low, high := ephemeral(ev)

	merged := map[string]*Listener{}
	unowned := false
	for _, s := range sockets {
		held := holders[s.inode]
		if s.protocol == "udp" && s.port >= low && s.port <= high && len(held) > 0 {
			continue // a client that waits for an answer; its port differs each time
		}
		l := Listener{Protocol: s.protocol, Address: s.address, Port: s.port}
		m, ok := merged[l.key()]
		if !ok {
			m = &l
			merged[l.key()] = m
		}
		unowned = unowned || len(held) == 0
		m.Programs = append(m.Programs, programs(held, users)...)
	}
	if unowned {
		f.Note(partProcesses, hidden(processes))
	}
	for _, l := range merged {
		l.Programs = distinct(l.Programs)
		f.Listeners = append(f.Listeners, *l)
	}
	slices.SortFunc(f.Listeners, func(a, b Listener) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Port, b.Port))
	})
	return f
}

func gatherSockets(ev *host.Evidence, f *Fact) []socket {
	if ev.Rootfs {
		f.Note(partSockets, &fact.Problem{Cause: fact.Unsupported, Source: "listening sockets", Text: "a file tree does not run"})
		return nil
	}
	var all []socket
	for _, name := range tableFiles {
		file := ev.File(name)
		if file.Err != nil {
			p := *file.Err
			if p.Cause == fact.NotFound && !strings.HasSuffix(name, "6") { // without IPv6 in the kernel the other two are missing
				p.Cause = fact.Failed
				p.Text = "the kernel shows no table of sockets"
			}
			f.Note(partSockets, &p)
			continue
		}
		found, err := parseTable(strings.TrimSuffix(path.Base(name), "6"), file.Text())
		if err != "" {
			f.Note(partSockets, &fact.Problem{Cause: fact.NotParsable, Source: name, Text: err})
		}
		all = append(all, found...)
	}
	return all
}

// hidden says why a socket may have no process: those of other users are closed to us.
func hidden(processes []host.Process) *fact.Problem {
	init := false
	for _, p := range processes {
		if p.FDDenied {
			return &fact.Problem{Cause: fact.Denied, Source: "/proc/*/fd", Text: "which process holds a socket", How: "sudo ss -lntup"}
		}
		init = init || p.PID == 1
	}
	if !init && len(processes) > 0 {
		return &fact.Problem{Cause: fact.Denied, Source: "/proc", Text: "processes of other users are hidden", How: "sudo ss -lntup"}
	}
	return nil
}

func ephemeral(ev *host.Evidence) (low, high int) {
	low, high = 32768, 60999
	fields := strings.Fields(ev.File(portRange).Text())
	if len(fields) == 2 {
		l, err1 := strconv.Atoi(fields[0])
		h, err2 := strconv.Atoi(fields[1])
		if err1 == nil && err2 == nil && l <= h {
			return l, h
		}
	}
	return low, high
}

func users(ev *host.Evidence) (map[int]string, *fact.Problem) {
	file := ev.File(passwd)
	names := map[int]string{}
	for line := range strings.Lines(file.Text()) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 3 {
			continue
		}
		uid, err := strconv.Atoi(fields[2])
		if _, known := names[uid]; err == nil && !known {
			names[uid] = fields[0]
		}
	}
	return names, file.Err
}

func join(words []string) string { return strings.Join(words, ", ") }
