// Package linuxhost tells what a host is: its name, its machine id, its distribution, how it boots.
// It judges whether the distribution still gets security updates and whether the host can be told
// from others. It holds no address, no uptime and no boot id: nothing that changes by itself.
package linuxhost

import (
	"strings"

	"holdfast.example/holdfast/internal/fact"
)

// Fact is what was seen of one host.
type Fact struct {
	fact.Gaps    `json:"gaps,omitempty"`
	Name         Name    `json:"name"`
	Machine      Machine `json:"machine"`
	OS           OS      `json:"os"`
	Architecture string  `json:"architecture,omitempty"`     // as uname -m gives it: x86_64
	Kernel       string  `json:"kernel,omitempty" drift:"-"` // release of the running kernel
	Virtual      string  `json:"virtual,omitempty"`          // vendor and product of a virtual machine
	Container    string  `json:"container,omitempty"`        // engine, or "container"; empty on a machine
	Tree         bool    `json:"tree,omitempty"`             // a file tree that does not run
	Systemd      bool    `json:"systemd,omitempty"`          // systemd is installed
	Boot         Boot    `json:"boot"`
}

// Name is the name of the host, as configured and as it runs.
type Name struct {
	Configured string `json:"configured,omitempty"` // /etc/hostname
	Running    string `json:"running,omitempty"`    // /proc/sys/kernel/hostname
}

// Machine is the identity that outlives renames.
type Machine struct {
	ID   string `json:"id,omitempty"`   // /etc/machine-id as it stands, at most 64 bytes
	File string `json:"file,omitempty"` // path of the file, empty when there is none
	Mode string `json:"mode,omitempty"` // permissions in octal: 0444
	UID  int    `json:"uid,omitempty"`
	DBus string `json:"dbus,omitempty"` // /var/lib/dbus/machine-id, when it is a file of its own
}

// OS is the content of os-release.
type OS struct {
	ID       string   `json:"id,omitempty"`
	Version  string   `json:"version,omitempty"`
	Pretty   string   `json:"pretty,omitempty" drift:"-"`
	Codename string   `json:"codename,omitempty"`
	Like     []string `json:"like,omitempty"`
	Source   string   `json:"source,omitempty"`
}

// Boot is how the machine starts.
type Boot struct {
	Mode       string `json:"mode,omitempty"`        // uefi or legacy
	SecureBoot string `json:"secure_boot,omitempty"` // on or off; empty where firmware does not say
}

// Kind implements fact.Fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "linuxhost", Version: 1} }

// Hostname gives the running name, else the configured one, else "".
func (f Fact) Hostname() string {
	if f.Name.Running != "" && f.Name.Running != "(none)" {
		return f.Name.Running
	}
	return f.Name.Configured
}

// MachineID gives the machine id when it is well-formed and not void, else "".
func (f Fact) MachineID() string {
	if wellFormedID(f.Machine.ID) {
		return f.Machine.ID
	}
	return ""
}

// wellFormedID follows machine-id(5): 32 hexadecimal characters in lower case, not all the same.
func wellFormedID(id string) bool {
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		return false
	}
	return strings.Trim(id, id[:1]) != ""
}

// Label names the distribution for people.
func (o OS) Label() string {
	if o.Pretty != "" {
		return o.Pretty
	}
	return strings.TrimSpace(o.ID + " " + o.Version)
}
