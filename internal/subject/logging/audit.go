package logging

import (
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/host"
)

const (
	auditConf   = "/etc/audit/auditd.conf"
	auditRules  = "/etc/audit/audit.rules"
	auditRulesD = "/etc/audit/rules.d/*.rules"
)

// Audit is what the kernel's audit records, as configured on disk.
type Audit struct {
	Settings  []Setting   `json:"settings,omitempty"` // auditd.conf
	Rules     []AuditRule `json:"rules,omitempty" drift:"ordered"`
	Immutable string      `json:"immutable,omitempty" drift:"line"` // where -e 2 stands
	Backlog   int         `json:"backlog,omitempty"`                // -b, or audit_backlog_limit at boot when larger
	AtBoot    bool        `json:"at_boot,omitempty"`                // audit=1 on the kernel's command line
}

// AuditRule is one rule: a watched path, or system calls.
type AuditRule struct {
	Path   string   `json:"path,omitempty"`
	Perm   string   `json:"perm,omitempty"` // of rwxa; empty means all
	Calls  []string `json:"calls,omitempty"`
	Never  bool     `json:"never,omitempty"` // an exception
	Narrow bool     `json:"narrow,omitempty"`
	Source string   `json:"source" drift:"line"`
}

func audit(ev *host.Evidence, f *Fact) {
	conf := ev.File(auditConf)
	f.Note(partAudit, conf.Err)
	f.Audit.Settings = parseINI(auditConf, conf.Text())
	files, problem := ev.Glob(auditRulesD)
	f.Note(partAudit, problem)
	all := ev.File(auditRules)
	f.Note(partAudit, all.Err)
	// augenrules puts the fragments together and -D before all of them.
	if len(files) == 0 {
		files = []host.File{all}
	}
	for _, file := range files {
		f.Note(partAudit, file.Err)
		f.Audit.read(file.Path, file.Text())
	}
	cmdline := ev.File("/proc/cmdline")
	f.Note(partBoot, cmdline.Err)
	for _, w := range strings.Fields(cmdline.Text()) {
		if w == "audit=1" {
			f.Audit.AtBoot = true
		}
		if n, ok := strings.CutPrefix(w, "audit_backlog_limit="); ok {
			if v, err := strconv.Atoi(n); err == nil && v > f.Audit.Backlog {
				f.Audit.Backlog = v
			}
		}
	}
}

// read takes in one file of auditctl's commands.
func (a *Audit) read(name, text string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		source := name + ":" + strconv.Itoa(n)
		r := AuditRule{Source: source}
		rule := false
		for i := 0; i < len(words); i++ {
			arg := ""
			if i+1 < len(words) {
				arg = strings.Trim(words[i+1], `"'`)
			}
			switch words[i] {
			case "-e":
				a.Immutable = ""
				if arg == "2" {
					a.Immutable = source
				}
			case "-b":
				if v, err := strconv.Atoi(arg); err == nil {
					a.Backlog = v
				}
			case "-D":
				if name == auditRules {
					a.Rules = nil
				}
				continue
			case "-w":
				r.Path, rule = strings.TrimRight(arg, "/"), true
			case "-p":
				r.Perm = arg
			case "-S":
				r.Calls, rule = append(r.Calls, strings.Split(arg, ",")...), true
			case "-a", "-A":
				rule = true
				r.Never = strings.Contains(arg, "never")
				r.Narrow = r.Narrow || !strings.Contains(arg, "exit") && !r.Never
			case "-F":
				r.field(arg)
			default:
				continue
			}
			i++
		}
		if rule && len(a.Rules) < 10_000 {
			a.Rules = append(a.Rules, r)
		}
	}
}

func (r *AuditRule) field(arg string) {
	name, value, ok := strings.Cut(arg, "=")
	switch {
	case !ok:
	case name == "path" || name == "dir":
		r.Path = strings.TrimRight(value, "/")
	case name == "perm":
		r.Perm = value
	case name == "arch" || name == "key" || strings.HasPrefix(name, "auid"):
	case name == "exit" || name == "success" || name == "uid" || name == "euid" || name == "exe" || name == "a0" || name == "gid" || name == "pid":
		r.Narrow = true
	}
}

// group is something that should leave a trace: paths whose change is watched, and system calls.
type group struct {
	what  string
	paths []string // all of them
	any   []string // or one of these
	calls []string
}

// groups follow the families of CIS Debian 12 6.2.3.
var groups = map[string]group{
	"time":        {what: "changes of the clock", paths: []string{"/etc/localtime"}, calls: []string{"adjtimex", "settimeofday", "clock_settime"}},
	"identity":    {what: "changes of accounts and groups", paths: []string{"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"}},
	"sudoers":     {what: "changes of the sudo rules", paths: []string{"/etc/sudoers", "/etc/sudoers.d"}},
	"logins":      {what: "log-ins and failed log-ins", any: []string{"/var/log/lastlog", "/var/run/faillock", "/run/faillock", "/var/log/faillog", "/var/log/tallylog"}},
	"sessions":    {what: "starts of sessions", any: []string{"/var/run/utmp", "/run/utmp", "/var/log/wtmp", "/var/log/btmp"}},
	"permissions": {what: "changes of permissions and owners", calls: []string{"chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat"}},
	"modules":     {what: "loading of kernel modules", calls: []string{"init_module", "finit_module", "delete_module"}},
	"mounts":      {what: "mounting", calls: []string{"mount"}},
	"deletion":    {what: "deletion of files", calls: []string{"unlink", "unlinkat", "rename", "renameat"}},
	"network":     {what: "changes of host name and addresses", paths: []string{"/etc/hosts"}, calls: []string{"sethostname", "setdomainname"}},
}

// lacks gives what of a group no rule covers.
func (a Audit) lacks(g group) []string {
	var out []string
	for _, p := range g.paths {
		if !a.watches(p) {
			out = append(out, p)
		}
	}
	if len(g.any) > 0 && !slices.ContainsFunc(g.any, a.watches) {
		out = append(out, g.any[0])
	}
	for _, c := range g.calls {
		if !slices.ContainsFunc(a.Rules, func(r AuditRule) bool {
			return !r.Never && !r.Narrow && r.Path == "" && (slices.Contains(r.Calls, c) || slices.Contains(r.Calls, "all"))
		}) {
			out = append(out, c)
		}
	}
	return out
}

func (a Audit) watches(p string) bool {
	return slices.ContainsFunc(a.Rules, func(r AuditRule) bool {
		return !r.Never && r.Path != "" && (r.Path == p || strings.HasPrefix(p, r.Path+"/")) &&
			(r.Perm == "" || strings.Contains(r.Perm, "w"))
	})
}
