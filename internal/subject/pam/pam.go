// Package pam reads how a host authenticates people: the stacks of PAM services with their includes,
// and the files that set password quality and lockout. It judges what the files say; what a module
// does beyond its arguments is not visible. Limits of resources (limits.conf) do not belong here.
package pam

import (
	"path"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/fact"
	"holdfast.example/holdfast/internal/host"
)

// Parts of the fact, as its gaps name them.
const (
	PartServices = "services"
	PartQuality  = "pwquality"
	PartLockout  = "faillock"
	PartHistory  = "pwhistory"
	PartMethod   = "login_defs"
	PartShadow   = "shadow" // whether any account has a password
)

// PAM is the configuration of PAM. Without services PAM is not in use.
type PAM struct {
	fact.Gaps `json:"gaps,omitempty"`
	Services  []Service        `json:"services,omitempty"` // ordered by name; included files too
	Quality   map[string]Value `json:"pwquality,omitempty"`
	Lockout   map[string]Value `json:"faillock,omitempty"`
	History   map[string]Value `json:"pwhistory,omitempty"`
	Method    *Value           `json:"encrypt_method,omitempty"` // ENCRYPT_METHOD of /etc/login.defs
	Passwords *bool            `json:"passwords,omitempty"`      // some account takes a password; nil when that is unknown
}

// Kind makes PAM a fact.
func (PAM) Kind() fact.Kind { return fact.Kind{Name: "pam", Version: 1} }

// Service is one file of rules.
type Service struct {
	Name  string `json:"name" drift:"key"`
	Path  string `json:"path"`
	Mode  int    `json:"mode"` // permission bits
	UID   int    `json:"uid,omitempty"`
	GID   int    `json:"gid,omitempty"`
	Rules []Rule `json:"rules,omitempty" drift:"ordered"`
}

// Rule is one line.
type Rule struct {
	Type    string   `json:"type,omitempty" drift:"key"` // auth, account, password, session; empty for @include
	Control string   `json:"control" drift:"key"`        // required, [success=1 default=ignore], include, substack, @include
	Module  string   `json:"module" drift:"key"`         // pam_unix.so, or the file of an include
	Args    []string `json:"args,omitempty"`
	Source  string   `json:"source" drift:"line"` // /etc/pam.d/common-auth:17
}

// Value is a setting with the place where it stands.
type Value struct {
	Value  string `json:"value"`
	Source string `json:"source" drift:"line"`
}

// Source tells how the configuration is had from a host. Vendors keep files in /usr/lib/pam.d; those
// of the same name in /etc/pam.d come first.
var Source = host.Define(host.Spec[PAM]{
	Title: "PAM configuration",
	Needs: host.Read("/etc/pam.d/*", "/usr/lib/pam.d/*", "/etc/pam.conf",
		"/etc/security/pwquality.conf", "/etc/security/pwquality.conf.d/*.conf",
		"/etc/security/faillock.conf", "/etc/security/pwhistory.conf", "/etc/login.defs", "/etc/shadow", "/etc/passwd"),
	Follow: follow,
	Parse:  Parse,
})

// follow asks for files that includes name by path.
func follow(ev *host.Evidence) []host.Need {
	var p PAM
	p.services(ev)
	var more []string
	for _, s := range p.Services {
		for _, r := range s.Rules {
			if r.isInclude() && followable(r.Module) {
				more = append(more, r.Module)
			}
		}
	}
	return host.Read(more...)
}

func followable(p string) bool {
	return strings.HasPrefix(p, "/") && !host.IsPattern(p) && path.Clean(p) == p
}

func (r Rule) isInclude() bool {
	return r.Control == "@include" || r.Control == "include" || r.Control == "substack"
}

// has tells whether the module has an argument, alone or with a value.
func (r Rule) has(arg string) bool {
	return slices.ContainsFunc(r.Args, func(a string) bool { return a == arg || strings.HasPrefix(a, arg+"=") })
}

// arg gives the value of an argument.
func (r Rule) arg(name string) (string, bool) {
	for _, a := range slices.Backward(r.Args) {
		if v, ok := strings.CutPrefix(a, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// is tells whether the rule calls one of the modules, given without path and ending.
func (r Rule) is(modules ...string) bool {
	return !r.isInclude() && slices.Contains(modules, strings.TrimSuffix(path.Base(r.Module), ".so"))
}

// file gives the path where the rule stands.
func (r Rule) file() string {
	i := strings.LastIndexByte(r.Source, ':')
	return r.Source[:max(i, 0)]
}
