// Package kernel shows how the kernel is set up, now and at the next start: parameters, command
// line, modules, mandatory access control, core dumps and boot loader. It judges these against the
// hardening guides. It reads neither counters nor logs, and never keeps a boot loader's password.
package kernel

import (
	"holdfast.example/holdfast/internal/fact"
)

// Fact is what was seen of one kernel and its settings on disk.
type Fact struct {
	fact.Gaps  `json:"gaps,omitempty"`
	Container  string            `json:"container,omitempty"` // engine, or "container"; empty on a machine
	Tree       bool              `json:"tree,omitempty"`      // a file tree that does not run
	Installed  bool              `json:"installed,omitempty"` // the tree holds a kernel
	Systemd    bool              `json:"systemd,omitempty"`
	Forwarders []string          `json:"forwarders,omitempty"`               // what forwards packets here by its nature: docker, libvirt
	Running    map[string]string `json:"running,omitempty"`                  // kernel parameters by name, as they are now
	Settings   []Setting         `json:"settings,omitempty" drift:"ordered"` // sysctl.d, in order of precedence, the last wins
	Boot       []BootParameter   `json:"boot,omitempty" drift:"except=BOOT_IMAGE"`
	Modules    Modules           `json:"modules"`
	MAC        MAC               `json:"mac"`
	Loader     Loader            `json:"loader"`
	Dumps      Dumps             `json:"dumps"`
	Lockdown   string            `json:"lockdown,omitempty"` // none, integrity, confidentiality; empty where the kernel has none
	Prelink    string            `json:"prelink,omitempty"`  // path of the program
	CtrlAltDel string            `json:"ctrl_alt_del,omitempty"`
}

// Setting is one assignment in sysctl.d. Key may hold a pattern. Without Assigned the line only
// keeps the key out of patterns, as sysctl.d(5) has it.
type Setting struct {
	Key      string `json:"key" drift:"key"`
	Value    string `json:"value,omitempty"`
	Assigned bool   `json:"assigned,omitempty"`
	Source   string `json:"source" drift:"line"`
}

// BootParameter is one word of the kernel command line, of those that matter for security. The
// others are not kept: they name disks and sometimes hold secrets.
type BootParameter struct {
	Name   string `json:"name" drift:"key"`
	Value  string `json:"value,omitempty"`
	Source string `json:"source" drift:"key,line"` // /proc/cmdline, or where the next start takes it from
}

// Modules holds what is known of the modules that no server needs.
type Modules struct {
	Off       bool         `json:"off,omitempty"`              // this kernel loads no modules
	Loaded    []string     `json:"loaded,omitempty" drift:"-"` // of those that the checks name
	Available []string     `json:"available,omitempty"`        // with a file under /lib/modules
	Rules     []ModuleRule `json:"rules,omitempty"`
}

// ModuleRule is a line of modprobe.d about one of the modules.
type ModuleRule struct {
	Module  string `json:"module" drift:"key"`
	Kind    string `json:"kind" drift:"key"` // install or blacklist
	Command string `json:"command,omitempty"`
	Source  string `json:"source" drift:"line"`
}

// MAC is mandatory access control.
type MAC struct {
	AppArmor       string   `json:"apparmor,omitempty"`                     // Y or N; empty when the kernel has none
	AppArmorTools  bool     `json:"apparmor_tools,omitempty"`               // apparmor_parser is installed
	Enforced       bool     `json:"enforced,omitempty"`                     // at least one profile is enforced
	Complain       []string `json:"complain,omitempty"`                     // profiles that only log
	SELinux        string   `json:"selinux,omitempty"`                      // 1 enforcing, 0 permissive; empty when it is off
	SELinuxNext    string   `json:"selinux_next,omitempty"`                 // SELINUX= of /etc/selinux/config
	SELinuxNextAt  string   `json:"selinux_next_at,omitempty" drift:"line"` // file:line
	OtherEnforcing string   `json:"other,omitempty"`                        // smack or tomoyo
}

// Loader is the boot loader GRUB.
type Loader struct {
	Files    []LoaderFile `json:"files,omitempty"`
	Password bool         `json:"password,omitempty"`           // a superuser with a hashed password guards the menu
	Plain    string       `json:"plain,omitempty" drift:"line"` // where a password stands in plain text
}

// LoaderFile is one configuration file of the boot loader.
type LoaderFile struct {
	Path  string `json:"path" drift:"key"`
	Mode  string `json:"mode"`
	Owner int    `json:"owner"`
	Group int    `json:"group"`
}

// Dumps is who may write core dumps, and what becomes of them.
type Dumps struct {
	Limits         []Limit `json:"limits,omitempty"`
	Storage        string  `json:"storage,omitempty"`          // of coredump.conf
	ProcessSizeMax string  `json:"process_size_max,omitempty"` // of coredump.conf
	Handler        bool    `json:"handler,omitempty"`          // systemd-coredump is installed
}

// Limit is one core line of limits.conf.
type Limit struct {
	Domain string `json:"domain" drift:"key"`
	Type   string `json:"type" drift:"key"` // hard, soft or -
	Value  string `json:"value"`
	Source string `json:"source" drift:"line"`
}

// Kind implements fact.Fact.
func (Fact) Kind() fact.Kind { return fact.Kind{Name: "kernel", Version: 1} }

// elsewhere says why this is not the place to judge the kernel, or "".
func (f Fact) elsewhere() string {
	if f.Container != "" {
		return "a container runs on the kernel of its host: judge that host"
	}
	return ""
}

// kernelless says why a file tree has no kernel to judge, or "".
func (f Fact) kernelless() string {
	if _, unseen := f.Gaps[partKernel]; f.Tree && !f.Installed && !unseen {
		return "the file tree holds no kernel: it is an image for containers"
	}
	return ""
}
