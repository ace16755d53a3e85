// Package services judges what a host starts by itself: units of systemd, services of OpenRC and
// of System V, and scheduled jobs. It reads their files; it starts and stops nothing. What is
// installed but never started is the matter of packages.
package services

import (
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
)

// Fact is what a host starts by itself.
type Fact struct {
	Init       string            `json:"init,omitempty"`             // systemd, openrc; empty: no service manager is installed
	Units      []Unit            `json:"units,omitempty"`            // enabled, written by the administrator, or of special interest
	Masked     []string          `json:"masked,omitempty"`           // names of units that cannot be started
	Failed     []string          `json:"failed,omitempty" drift:"-"` // names of units that are in the state failed
	Jobs       []Job             `json:"jobs,omitempty"`
	Exposed    []Exposed         `json:"exposed,omitempty"` // files behind units and jobs that others than root may change
	Scheduler  Scheduler         `json:"scheduler"`
	Resolved   map[string]string `json:"resolved,omitempty"`     // LLMNR and MulticastDNS; no key: not set
	CtrlAltDel string            `json:"ctrl_alt_del,omitempty"` // CtrlAltDelBurstAction
	fact.Gaps  `json:"gaps,omitempty"`
}

// Parts of the fact that may be missing.
const (
	partUnits    = "units"
	partPrograms = "programs"
	partCron     = "cron"
	partState    = "state"
)

// Kind is services/1.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "services", Version: 1} }

// Unit is one thing that the service manager starts.
type Unit struct {
	Name     string            `json:"name" drift:"key"`   // nginx.service; without an ending for OpenRC and System V
	Source   string            `json:"source,omitempty"`   // its file; empty when it is missing
	Local    bool              `json:"local,omitempty"`    // written by the administrator, not by a package
	Enabled  bool              `json:"enabled,omitempty"`  // started at boot or by a socket or timer
	By       string            `json:"by,omitempty"`       // the link that enables it
	User     string            `json:"user,omitempty"`     // empty means root
	Dynamic  bool              `json:"dynamic,omitempty"`  // DynamicUser=yes
	Type     string            `json:"type,omitempty"`     // Type= of the service
	Exec     []string          `json:"exec,omitempty"`     // programs that it starts
	Options  []string          `json:"options,omitempty"`  // options among their arguments that checks ask for
	Settings map[string]string `json:"settings,omitempty"` // directives of the sandbox
}

// Job is one scheduled command. The command itself may hold secrets: only its programs are kept.
type Job struct {
	Source   string   `json:"source" drift:"key,line"` // /etc/cron.d/backup
	User     string   `json:"user" drift:"key"`
	Programs []string `json:"programs,omitempty"`
}

// Exposed is a file or folder that others than root may change although root relies on it.
type Exposed struct {
	Path  string   `json:"path" drift:"key"` // links resolved
	Why   string   `json:"why"`              // writable by everybody
	Sort  string   `json:"sort"`             // unit, program, table
	Users []string `json:"users"`            // what relies on it: unit:nginx.service, file:/etc/cron.d/backup
}

// Scheduler is who may schedule jobs.
type Scheduler struct {
	Cron      bool        `json:"cron,omitempty"` // installed
	At        bool        `json:"at,omitempty"`   // installed
	CronAllow bool        `json:"cron_allow,omitempty"`
	CronDeny  bool        `json:"cron_deny,omitempty"`
	AtAllow   bool        `json:"at_allow,omitempty"`
	AtDeny    bool        `json:"at_deny,omitempty"`
	Paths     []PathState `json:"paths,omitempty"` // tables and folders of cron
}

// PathState is owner and permissions of one path.
type PathState struct {
	Path   string `json:"path" drift:"key"`
	Mode   string `json:"mode"` // 0644
	UID    int    `json:"uid"`
	GID    int    `json:"gid"`
	Folder bool   `json:"folder,omitempty"`
}

// kind is the ending of the name: service, socket, timer, or empty.
func (u Unit) kind() string {
	i := strings.LastIndexByte(u.Name, '.')
	if i < 0 {
		return ""
	}
	return u.Name[i+1:]
}

// root tells whether a service runs as root.
func (u Unit) root() bool {
	return !u.Dynamic && (u.User == "" || u.User == "root" || u.User == "0")
}

func (u Unit) key() string { return "unit:" + u.Name }

func (u Unit) place() string {
	if u.By != "" {
		return u.By
	}
	return u.Source
}

func (f Fact) masked(name string) bool { return slices.Contains(f.Masked, name) }
