package listeners

import (
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
)

// known is a service that a parameter names: "Redis 6379/tcp,16379/tcp redis-server,valkey-server".
type known struct {
	name     string
	ports    []string
	programs []string
}

// services reads a list parameter. A malformed entry panics: it is an error of the catalogue,
// which the examples of the check find.
func services(p check.Params, param string) []known {
	var out []known
	for _, line := range p.Strings(param) {
		f := strings.Fields(line)
		if len(f) != 3 {
			panic("parameter " + param + ": " + strconv.Quote(line) + " is not \"name ports programs\"")
		}
		out = append(out, known{f[0], words(f[1]), words(f[2])})
	}
	return out
}

func words(s string) []string {
	if s == "-" {
		return nil
	}
	return strings.Split(s, ",")
}

// find gives the name of the known service that l is. A program decides; the port decides where
// no process is visible, where a port forwarder holds it, or where anyPort says that a port of that
// number is used for nothing else.
func find(list []known, l Listener, anyPort bool) (string, bool) {
	for _, k := range list {
		for _, p := range l.Programs {
			if slices.Contains(k.programs, p.Name) {
				return k.name, true
			}
		}
	}
	for _, k := range list {
		if slices.Contains(k.ports, l.port()) && (anyPort || l.Port < 1024 || len(l.Programs) == 0 || forwarded(l)) {
			return k.name, true
		}
	}
	return "", false
}

func forwarded(l Listener) bool {
	return slices.ContainsFunc(l.Programs, func(p Program) bool {
		return slices.Contains([]string{"docker-proxy", "rootlessport", "slirp4netns", "conmon", "systemd", "init"}, p.Name)
	})
}

// pointer is the place of a listener in the fact.
func pointer(i int) string { return "/listeners/" + strconv.Itoa(i) }

// seen is the source of what stands in a listener.
func (l Listener) seen() string {
	if strings.Contains(l.Address, ":") {
		return "/proc/net/" + l.Protocol + "6"
	}
	return "/proc/net/" + l.Protocol
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
