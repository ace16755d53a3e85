package host

import (
	"strconv"
	"strings"
)

// ParseStatus reads /proc/PID/status into p: the form of Linux 4.10 and later. Lines that are
// missing or malformed leave their field zero.
func ParseStatus(data string, p *Process) {
	for line := range strings.Lines(data) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch name {
		case "Name":
			p.Name = value
		case "PPid":
			p.Parent, _ = strconv.Atoi(value)
		case "Uid":
			p.UIDs = four(value)
		case "Gid":
			p.GIDs = four(value)
		case "CapEff":
			p.Caps, _ = strconv.ParseUint(value, 16, 64)
		case "NoNewPrivs":
			p.NoNewPriv = value == "1"
		case "Seccomp":
			p.Seccomp, _ = strconv.Atoi(value)
		}
	}
}

// ParseCgroup picks the path that names the unit or container: the unified hierarchy's, else
// systemd's own, else the longest.
func ParseCgroup(data string) string {
	unified, systemd, longest := "", "", ""
	for line := range strings.Lines(data) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		switch {
		case parts[0] == "0" && parts[1] == "":
			unified = parts[2]
		case parts[1] == "name=systemd":
			systemd = parts[2]
		}
		if len(parts[2]) > len(longest) {
			longest = parts[2]
		}
	}
	for _, p := range []string{unified, systemd} {
		if len(p) > 1 {
			return p
		}
	}
	return longest
}

// ParseArgs splits /proc/PID/cmdline.
func ParseArgs(data string) []string {
	data = strings.TrimRight(data, "\x00")
	if data == "" {
		return nil
	}
	return strings.Split(data, "\x00")
}

// SocketInode gives N of a link target "socket:[N]".
func SocketInode(link string) (uint64, bool) {
	s, opened := strings.CutPrefix(link, "socket:[")
	s, closed := strings.CutSuffix(s, "]")
	n, err := strconv.ParseUint(s, 10, 64)
	if !opened || !closed || err != nil {
		return 0, false
	}
	return n, true
}

func four(s string) (out [4]int) {
	for i, f := range strings.Fields(s) {
		if i < 4 {
			out[i], _ = strconv.Atoi(f)
		}
	}
	return out
}

// ParseMaps reads /proc/PID/maps: the files that are mapped for execution (proc_pid_maps(5)).
func ParseMaps(data string) (out []Mapping) {
	seen := map[string]bool{}
	for line := range strings.Lines(data) {
		_, rest, _ := strings.Cut(line, " ")
		rights, _, _ := strings.Cut(rest, " ")
		i := strings.IndexByte(line, '/')
		if i < 0 || !strings.Contains(rights, "x") {
			continue
		}
		if path := strings.TrimRight(line[i:], "\n"); !seen[path] {
			seen[path] = true
			out = append(out, ParseMapping(path))
		}
	}
	return out
}

// ParseMapping reads the name of a mapped file as the kernel tells it: a newline in it is written \012, and " (deleted)"
// stands behind one that is gone.
func ParseMapping(path string) Mapping {
	path, gone := strings.CutSuffix(path, " (deleted)")
	return Mapping{Path: strings.ReplaceAll(path, `\012`, "\n"), Gone: gone}
}
