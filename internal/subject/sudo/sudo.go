// Package sudo reads who may become root by sudo or doas: /etc/sudoers with its includes, and
// /etc/doas.conf. It reads the files as sudoers(5) describes them; rules from LDAP and plugins are
// not visible here. It never runs sudo.
package sudo

import (
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Parts of the fact, as its gaps name them.
const (
	PartSudoers  = "sudoers"
	PartDoas     = "doas"
	PartCommands = "commands" // status of the programs that rules name
)

// Sudo is what the files say about who may become whom.
type Sudo struct {
	fact.Gaps `json:"gaps,omitempty"`
	Files     []File    `json:"files,omitempty"` // in the order in which they are read; none: sudo is not installed
	Aliases   []Alias   `json:"aliases,omitempty"`
	Defaults  []Default `json:"defaults,omitempty" drift:"ordered"`
	Rules     []Rule    `json:"rules,omitempty" drift:"ordered"`
	Doas      []Doas    `json:"doas,omitempty" drift:"ordered"`
	Programs  []File    `json:"programs,omitempty"` // programs of rules, and their folders
}

// Kind makes Sudo a fact.
func (Sudo) Kind() fact.Kind { return fact.Kind{Name: "sudo", Version: 1} }

// File is a file or folder with its permissions.
type File struct {
	Path   string `json:"path" drift:"key"`
	Mode   int    `json:"mode"` // permission bits
	UID    int    `json:"uid,omitempty"`
	GID    int    `json:"gid,omitempty"`
	Folder bool   `json:"folder,omitempty"`
}

// Alias is a name for a list.
type Alias struct {
	Kind    string   `json:"kind" drift:"key"` // User_Alias, Runas_Alias, Host_Alias, Cmnd_Alias
	Name    string   `json:"name" drift:"key"`
	Members []string `json:"members,omitempty"`
	Source  string   `json:"source" drift:"line"`
}

// Default is one setting.
type Default struct {
	Scope  string `json:"scope,omitempty" drift:"key"` // :users, @hosts, >runas or !commands; empty for all
	Name   string `json:"name" drift:"key"`
	Off    bool   `json:"off,omitempty"`   // !name
	Op     string `json:"op,omitempty"`    // =, += or -=; empty for a switch
	Value  string `json:"value,omitempty"` // without quotes
	Source string `json:"source" drift:"line"`
}

// Rule is one line of who may do what: users on hosts.
type Rule struct {
	Users    []string  `json:"users"`
	Hosts    []string  `json:"hosts"`
	Commands []Command `json:"commands" drift:"ordered"`
	Source   string    `json:"source" drift:"line"`
}

// Command is one command of a rule with what holds for it, inherited tags included.
type Command struct {
	RunAs   string   `json:"run_as,omitempty"` // (ALL:ALL) without brackets; empty for root
	Tags    []string `json:"tags,omitempty"`   // NOPASSWD, NOEXEC …, as in force for this command
	Command string   `json:"command"`          // ALL, an alias, or a path with arguments
	Negated bool     `json:"negated,omitempty"`
}

// Doas is one rule of /etc/doas.conf.
type Doas struct {
	Permit   bool     `json:"permit"`
	Options  []string `json:"options,omitempty"` // nopass, persist, keepenv, nolog
	Identity string   `json:"identity"`          // a user, or :group
	Target   string   `json:"target,omitempty"`  // empty for every account
	Command  string   `json:"command,omitempty"` // empty for every command
	Source   string   `json:"source" drift:"line"`
}

// Source tells how the rules are had from a host.
var Source = host.Define(host.Spec[Sudo]{
	Title:  "sudo and doas rules",
	Needs:  host.Read("/etc/sudoers", "/etc/doas.conf", "/etc/doas.d/*.conf"),
	Follow: follow,
	Parse:  Parse,
})

// follow asks for included files and for the programs that rules name.
func follow(ev *host.Evidence) []host.Need {
	p := reader{ev: ev}
	p.file("/etc/sudoers", 0)
	var stats []string
	for _, name := range p.sudo.programs() {
		stats = append(stats, name, path.Dir(name))
	}
	return host.Join(host.Read(p.wanted...), host.Stat(stats...))
}

// Parse reads the fact from evidence.
func Parse(ev *host.Evidence, _ fact.Key) Sudo {
	p := reader{ev: ev}
	p.file("/etc/sudoers", 0)
	p.doas()
	s := p.sudo
	for _, name := range s.programs() {
		for _, at := range []string{name, path.Dir(name)} {
			i, problem := ev.Stat(at)
			s.Note(PartCommands, problem)
			if problem == nil && i.Link == "" && !slices.ContainsFunc(s.Programs, func(f File) bool { return f.Path == at }) {
				s.Programs = append(s.Programs, fileOf(i))
			}
		}
	}
	if problem, gap := s.Gaps[PartSudoers]; gap {
		s.Note(PartCommands, &problem)
	}
	return s
}

func fileOf(i host.Info) File {
	f := File{Path: i.Path, Mode: int(i.Mode.Perm()), UID: i.UID, GID: i.GID, Folder: i.Mode.IsDir()}
	if i.Real != "" {
		f.Path = i.Real
	}
	return f
}

// programs gives the paths of commands in rules and aliases, without arguments and patterns.
func (s Sudo) programs() []string {
	var out []string
	add := func(command string) {
		name, _, _ := strings.Cut(strings.TrimLeft(command, "! "), " ")
		if strings.HasPrefix(name, "/") && !strings.HasSuffix(name, "/") && !host.IsPattern(name) && path.Clean(name) == name && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, a := range s.Aliases {
		if a.Kind == "Cmnd_Alias" {
			for _, m := range a.Members {
				add(m)
			}
		}
	}
	for _, r := range s.Rules {
		for _, c := range r.Commands {
			add(c.Command)
		}
	}
	return out
}
