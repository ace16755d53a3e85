// Package listeners judges the sockets that wait for connections, and the programs behind them:
// who listens where, as which user, with which privileges. It does not probe ports and does not
// know packet filters: what listens on a reachable address counts as reachable.
package listeners

import (
	"net/netip"
	"slices"
	"strconv"

	"holdfast.example/holdfast/internal/fact"
)

// Fact is what listens on a host.
type Fact struct {
	Listeners []Listener `json:"listeners,omitempty"` // ordered by protocol, address and port
	fact.Gaps `json:"gaps,omitempty"`
}

// Parts of the fact that may be missing.
const (
	partSockets   = "sockets"
	partProcesses = "processes"
)

// Kind is listeners/1.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "listeners", Version: 1} }

// Listener is one address that takes connections or datagrams. Several sockets on one address
// (SO_REUSEPORT) are one listener.
type Listener struct {
	Protocol string    `json:"protocol" drift:"key"` // tcp or udp
	Address  string    `json:"address" drift:"key"`  // 0.0.0.0, ::1; every address is 0.0.0.0 or ::
	Port     int       `json:"port" drift:"key"`
	Programs []Program `json:"programs,omitempty"` // empty: the kernel, or a process that is not visible
}

// Program is one sort of process that holds a listener. Workers that look alike are one program.
type Program struct {
	Name       string   `json:"name" drift:"key"` // base name of the executable, else what the kernel calls it
	Exe        string   `json:"exe,omitempty"`    // path of the executable
	Deleted    bool     `json:"deleted,omitempty" drift:"-"`
	User       string   `json:"user"`
	UID        int      `json:"uid"`
	Caps       []string `json:"caps,omitempty"` // effective capabilities; "all" stands for every one
	Unit       string   `json:"unit,omitempty"` // systemd unit
	Container  string   `json:"container,omitempty"`
	NoNewPrivs bool     `json:"no_new_privs,omitempty"`
	Seccomp    bool     `json:"seccomp,omitempty"`
	RootParent bool     `json:"root_parent,omitempty"` // runs as root, and its children serve the socket as another user
}

// key names a listener: tcp/0.0.0.0:6379, tcp/[::]:22.
func (l Listener) key() string { return "listener:" + l.name() }

func (l Listener) name() string {
	a, err := netip.ParseAddr(l.Address)
	if err != nil {
		return l.Protocol + "/" + l.Address + ":" + strconv.Itoa(l.Port)
	}
	return l.Protocol + "/" + netip.AddrPortFrom(a, uint16(l.Port)).String()
}

// port names the port alone: 6379/tcp.
func (l Listener) port() string { return strconv.Itoa(l.Port) + "/" + l.Protocol }

// loopback tells whether only the host itself reaches the listener.
func (l Listener) loopback() bool {
	a, err := netip.ParseAddr(l.Address)
	return err == nil && a.Unmap().IsLoopback()
}

// where words how far the listener reaches.
func (l Listener) where() string {
	a, err := netip.ParseAddr(l.Address)
	switch {
	case l.loopback():
		return "on loopback"
	case err == nil && a.IsUnspecified():
		return "on all addresses"
	}
	return "on " + l.Address
}

// who words which programs listen.
func (l Listener) who() string {
	var names []string
	for _, p := range l.Programs {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return "something without a visible process"
	}
	return join(names)
}

// owner names what an administrator restarts: the unit, else the program.
func (p Program) owner() string {
	if p.Unit != "" {
		return "unit:" + p.Unit
	}
	return "program:" + p.Name
}

func (p Program) all() bool { return slices.Contains(p.Caps, "all") }
