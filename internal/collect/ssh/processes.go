package ssh

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// processes lists all processes but those of this connection.
func (t *Transport) processes(ctx context.Context) ([]host.Process, *fact.Problem) {
	r, ps, self, err := t.listProcesses(ctx, !t.root() && t.sudo == sudoAll)
	if err != nil && t.sudo == sudoAll && r.err == nil {
		// sudo allows all commands but this one at this moment (a shell that it forbids).
		_, ps, self, err = t.listProcesses(ctx, false)
	}
	if err != nil {
		return nil, trouble("/proc", err)
	}
	return withoutOwn(ps, self), nil
}

func (t *Transport) listProcesses(ctx context.Context, root bool) (result, []host.Process, int, error) {
	script, word := start(processScript)
	r := t.run(ctx, job{script: script.String(), root: root, limit: 4 * host.MaxOutput, time: processTime})
	ps, self, err := parseProcesses(r.stdout, r.stderr, word)
	if r.err != nil {
		err = r.err
	}
	return r, ps, self, err
}

// parseProcesses reads the answer of processScript. A process without status has ended.
func parseProcesses(out []byte, said, word string) (ps []host.Process, self int, err error) {
	in := tokens{out}
	text, err := in.expect('i')
	if err != nil {
		return nil, 0, err
	}
	if self, err = strconv.Atoi(text); err != nil {
		return nil, 0, errFrame
	}
	sep := []byte("N=" + word + "\x00")
	refused := refusals(said)
	for len(in.rest) > 0 {
		list, err := in.expect('b')
		if err != nil {
			return nil, 0, err
		}
		index := map[string]int{}
		for _, pid := range strings.Fields(list) {
			p := host.Process{EnvDenied: refused["environ"][pid], FDDenied: refused["fd"][pid], MapsDenied: refused["maps"][pid]}
			if p.PID, err = strconv.Atoi(pid); err != nil {
				return nil, 0, errFrame
			}
			var parts [4][]byte
			for i := range parts {
				if parts[i], err = in.until(sep); err != nil {
					return nil, 0, err
				}
			}
			if len(parts[0]) == 0 {
				continue
			}
			host.ParseStatus(string(parts[0]), &p)
			p.Args = host.ParseArgs(string(parts[1]))
			p.Cgroup = host.ParseCgroup(string(parts[2]))
			p.Environ = slices.Clone(parts[3])
			index[pid] = len(ps)
			ps = append(ps, p)
		}
		if _, err := in.expect('q'); err != nil {
			return nil, 0, err
		}
		links, err := in.list(word)
		if err != nil || len(links)%2 != 0 {
			return nil, 0, errFrame
		}
		for i := 0; i < len(links); i += 2 {
			place(ps, index, links[i], links[i+1])
		}
		maps, err := in.expect('m')
		if err != nil {
			return nil, 0, err
		}
		for line := range strings.Lines(maps) {
			file, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			pid := strings.TrimSuffix(strings.TrimPrefix(file, "/proc/"), "/maps")
			if i, known := index[pid]; known && strings.HasPrefix(path, "/") {
				ps[i].Mapped = append(ps[i].Mapped, host.ParseMapping(path))
			}
		}
	}
	slices.SortFunc(ps, func(a, b host.Process) int { return cmp.Compare(a.PID, b.PID) })
	return ps, self, nil
}

// place puts the target of /proc/PID/exe, ns or fd where it belongs.
func place(ps []host.Process, index map[string]int, link, target string) {
	pid, what, ok := strings.Cut(strings.TrimPrefix(link, "/proc/"), "/")
	i, known := index[pid]
	if !ok || !known {
		return
	}
	switch p := &ps[i]; what {
	case "exe":
		p.Exe = target
	case "ns/pid":
		p.PIDNS = target
	case "ns/net":
		p.NetNS = target
	default:
		if n, ok := host.SocketInode(target); ok && strings.HasPrefix(what, "fd/") {
			p.Sockets = append(p.Sockets, n)
		}
	}
}

var refusal = regexp.MustCompile(`/proc/([0-9]+)/(environ|fd|maps)\b[^/]*$`)

// refusals reads from the words of cat, find, ls and grep which processes' environment, descriptors and mappings were
// denied.
func refusals(said string) map[string]map[string]bool {
	out := map[string]map[string]bool{"environ": {}, "fd": {}, "maps": {}}
	for line := range strings.Lines(said) {
		m := refusal.FindStringSubmatch(strings.TrimSpace(line))
		if m != nil && (strings.Contains(line, "denied") || strings.Contains(line, "not permitted")) {
			out[m[2]][m[1]] = true
		}
	}
	return out
}

// withoutOwn leaves out the session's processes: from our shell up to the daemon's child that serves
// the connection, and all that descends from there. The daemon itself stays.
func withoutOwn(ps []host.Process, self int) []host.Process {
	byPID := map[int]*host.Process{}
	for i := range ps {
		byPID[ps[i].PID] = &ps[i]
	}
	own := map[int]bool{self: true}
	var chain []int
	for pid, n := self, 0; byPID[pid] != nil && n < 20; pid, n = byPID[pid].Parent, n+1 {
		chain = append(chain, pid)
		if serves(byPID[pid], byPID[byPID[pid].Parent]) {
			for _, c := range chain {
				own[c] = true
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range ps {
			if !own[ps[i].PID] && own[ps[i].Parent] {
				own[ps[i].PID], changed = true, true
			}
		}
	}
	return slices.DeleteFunc(ps, func(p host.Process) bool { return own[p.PID] })
}

// serves tells whether p is a daemon's child for one connection. OpenSSH says so in its title, since
// 9.8 in its name; dropbear forks itself.
func serves(p, parent *host.Process) bool {
	title := ""
	if len(p.Args) > 0 {
		title = p.Args[0]
	}
	switch {
	case p.Name == "sshd-session" || p.Name == "sshd-auth":
		return true
	case p.Name == "sshd":
		return strings.HasPrefix(title, "sshd: ") && !strings.Contains(title, "[listener]")
	}
	return p.Name == "dropbear" && parent != nil && parent.Name == "dropbear"
}
