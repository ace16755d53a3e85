package logging

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// AuditInstalled asks for the audit daemon.
var AuditInstalled = &check.Check{
	ID:           "logging-audit-installed",
	Title:        "The audit daemon is installed and runs",
	Doc:          "Syslog holds what programs choose to tell. The kernel's audit records who changed what, also when the program was an attacker's.",
	Remedy:       "sudo apt-get install auditd audispd-plugins && sudo systemctl enable --now auditd",
	Requirements: []string{"A.5.2.1", "A.5.8.1"},
	References:   []string{"CIS Debian 12 6.2.1.1", "CIS Debian 12 6.2.1.2", "ANSSI BP-028 R73"},
	Needs:        []string{partPrograms, partProcesses, partBoot},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		switch {
		case f.Container && !f.runs("auditd"):
			return check.Inapplicable("the audit belongs to the kernel of the container's host")
		case f.elsewhere() != "":
			return check.Inapplicable(f.elsewhere())
		case f.runs("auditd") || f.Static && f.installed("auditd"):
			return check.Passed("auditd is there")
		case f.Missing()[partProcesses].Cause != "" && !f.Static:
			return check.Unseen("whether auditd runs could not be seen")
		case f.installed("auditd"):
			return one("program:auditd", "auditd is installed and does not run", "/running", "processes")
		case f.Missing()[partPrograms].Cause != "":
			return check.Unseen("whether auditd is installed could not be seen")
		}
		return one("program:auditd", "auditd is not installed", "/installed", "/usr/sbin/auditd")
	}),
	Examples: []check.Example{
		check.Passes("runs", audited()),
		check.Fails("not installed", sample(), "program:auditd"),
		check.Fails("stopped", Fact{Init: true, Installed: []string{"auditd"}, Running: []string{"rsyslogd"}}, "program:auditd"),
		check.Skips("a container", Fact{Container: true, Init: true, Installed: []string{"auditd"}, Running: []string{"rsyslogd"}}),
	},
}

// withAudit makes a rule for hosts where auditd is installed.
func withAudit(judge func(a Audit, p check.Params) check.Result) check.Rule {
	return check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		switch {
		case f.Container && !f.runs("auditd"):
			return check.Inapplicable("the audit belongs to the kernel of the container's host")
		case !f.installed("auditd") && f.Missing()[partPrograms].Cause == "":
			return check.Inapplicable("auditd is not installed; logging-audit-installed asks for it")
		}
		// What was not read may hold the very rule that seems to be missing.
		for _, part := range []string{partAudit, partPrograms} {
			if problem, ok := f.Missing()[part]; ok {
				return check.Unclear(&problem)
			}
		}
		return judge(f.Audit, p)
	})
}

// AuditRules demands that each group of events leaves a trace.
var AuditRules = &check.Check{
	ID:           "logging-audit-rules",
	Title:        "The audit records what matters",
	Doc:          "auditd without rules records next to nothing. Each group here is a step of many break-ins: an account added, a clock turned back, a module loaded, a log deleted.",
	Remedy:       "Put rules for the group named here into /etc/audit/rules.d/50-holdfast.rules, for example:\n-w /etc/passwd -p wa -k identity\n-a always,exit -F arch=b64 -S init_module,finit_module,delete_module -F auid>=1000 -F auid!=unset -k modules\nthen: sudo augenrules --load",
	Requirements: []string{"A.5.2.1", "A.5.8.1"},
	References: []string{"CIS Debian 12 6.2.3.1", "CIS Debian 12 6.2.3.4", "CIS Debian 12 6.2.3.5", "CIS Debian 12 6.2.3.8", "CIS Debian 12 6.2.3.9",
		"CIS Debian 12 6.2.3.10", "CIS Debian 12 6.2.3.11", "CIS Debian 12 6.2.3.12", "CIS Debian 12 6.2.3.13", "CIS Debian 12 6.2.3.19", "ANSSI BP-028 R73"},
	Needs: []string{partAudit, partPrograms},
	Rule: withAudit(func(a Audit, p check.Params) check.Result {
		var vs []check.Violation
		names := p.Strings("groups")
		for _, name := range names {
			g, ok := groups[name]
			if !ok {
				panic("the parameter groups names an unknown group: " + name)
			}
			if missing := a.lacks(g); len(missing) > 0 {
				vs = append(vs, check.Violation{Key: "audit:" + name, At: "/audit/rules", Source: "/etc/audit/rules.d",
					Detail: "no rule records " + g.what + ": missing " + strings.Join(missing, ", ")})
			}
		}
		return check.Failed(fmt.Sprintf("%d rules cover all %d groups", len(a.Rules), len(names)), vs)
	}),
	Examples: []check.Example{
		check.Passes("all groups", audited()),
		check.Fails("modules are not watched", func() Fact {
			f := audited()
			f.Audit.Rules = slices.DeleteFunc(f.Audit.Rules, func(r AuditRule) bool { return slices.Contains(r.Calls, "init_module") })
			return f
		}(), "audit:modules"),
		check.Fails("reading is recorded, writing is not", func() Fact {
			f := audited()
			for i := range f.Audit.Rules {
				if f.Audit.Rules[i].Path == "/etc/shadow" {
					f.Audit.Rules[i].Perm = "r"
				}
			}
			return f
		}(), "audit:identity"),
		check.Skips("no auditd", sample()),
	},
}

// AuditImmutable asks that rules cannot be changed before the next restart.
var AuditImmutable = &check.Check{
	ID:           "logging-audit-immutable",
	Title:        "Audit rules are locked until the next restart",
	Doc:          "Without -e 2, an intruder with root turns the audit off in one command and leaves no record of what follows.",
	Remedy:       "echo '-e 2' | sudo tee /etc/audit/rules.d/99-finalize.rules && sudo augenrules --load",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.2.3.20"},
	Needs:        []string{partAudit, partPrograms},
	Rule: withAudit(func(a Audit, _ check.Params) check.Result {
		if a.Immutable == "" {
			return one("audit:immutable", "no rules file ends with -e 2", "/audit", "/etc/audit/rules.d")
		}
		return check.Passed("-e 2 in " + a.Immutable)
	}),
	Examples: []check.Example{
		check.Passes("locked", audited()),
		check.Fails("open", Fact{Init: true, Installed: []string{"auditd"}, Running: []string{"auditd"}}, "audit:immutable"),
		check.Skips("no auditd", sample()),
	},
}

// auditSetting makes a rule over one setting of auditd.conf: the parameter "accepted" lists what will do.
func auditSetting(name, standard string) check.Rule {
	return withAudit(func(a Audit, p check.Params) check.Result {
		s, ok := get(a.Settings, name)
		if !ok {
			s = Setting{Name: name, Value: standard, Source: auditConf}
		}
		if p.Has("accepted", strings.ToLower(s.Value)) {
			return check.Passed(name + " is " + s.Value)
		}
		return one("setting:"+name, fmt.Sprintf("%s is %s, want %s", name, s.Value, strings.Join(p.Strings("accepted"), " or ")), "/audit/settings", s.Source)
	})
}

func auditSet(name, value string) Fact {
	return Fact{Init: true, Installed: []string{"auditd"}, Running: []string{"auditd"},
		Audit: Audit{Settings: []Setting{{name, value, auditConf + ":9"}}}}
}

// AuditKept asks that full audit logs are kept.
var AuditKept = &check.Check{
	ID:           "logging-audit-retention",
	Title:        "Audit logs are not overwritten",
	Doc:          "With rotation, five files of eight megabytes are all that is kept: a noisy hour pushes out the traces of the break-in. Where logs leave the host at once, rotation is fine: say so in a justification.",
	Remedy:       "sudo sed -i 's/^max_log_file_action.*/max_log_file_action = keep_logs/' /etc/audit/auditd.conf && sudo systemctl kill -s HUP auditd\nand archive old files elsewhere.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.2.2.2"},
	Needs:        []string{partAudit, partPrograms},
	Rule:         auditSetting("max_log_file_action", "rotate"),
	Examples: []check.Example{
		check.Passes("kept", auditSet("max_log_file_action", "keep_logs")),
		check.Fails("rotated", auditSet("max_log_file_action", "ROTATE"), "setting:max_log_file_action"),
		check.Fails("the default", auditSet("log_group", "adm"), "setting:max_log_file_action"),
		check.Skips("no auditd", sample()),
	},
}

// AuditFull asks that somebody hears of a disk that runs full.
var AuditFull = &check.Check{
	ID:           "logging-audit-space",
	Title:        "A disk that fills up with audit logs is reported",
	Doc:          "When the disk is full the audit stops silently, unless auditd is told to say so in time.",
	Remedy:       "In /etc/audit/auditd.conf: space_left_action = email (or exec, single, halt), action_mail_acct = root",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.2.2.4"},
	Needs:        []string{partAudit, partPrograms},
	Rule:         auditSetting("space_left_action", "syslog"),
	Examples: []check.Example{
		check.Passes("by mail", auditSet("space_left_action", "email")),
		check.Fails("ignored", auditSet("space_left_action", "ignore"), "setting:space_left_action"),
		check.Skips("no auditd", sample()),
	},
}

// AuditBacklog asks for room for bursts.
var AuditBacklog = &check.Check{
	ID:           "logging-audit-backlog",
	Title:        "The audit has room for bursts",
	Doc:          "The kernel drops records that do not fit into its queue. Its default of 64 is full within a moment of a busy boot or of a deliberate burst.",
	Remedy:       "echo '-b 8192' | sudo tee /etc/audit/rules.d/10-backlog.rules && sudo augenrules --load\nFor the time before auditd starts: audit_backlog_limit=8192 in GRUB_CMDLINE_LINUX.",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.2.1.4"},
	Needs:        []string{partAudit, partPrograms, partBoot},
	Rule: withAudit(func(a Audit, p check.Params) check.Result {
		if least := p.Int("records"); a.Backlog < least {
			if a.Backlog == 0 {
				return one("audit:backlog", fmt.Sprintf("no backlog is set, the kernel keeps 64 records; want at least %d", least), "/audit", "/etc/audit/rules.d")
			}
			return one("audit:backlog", fmt.Sprintf("the backlog is %d records, want at least %d", a.Backlog, least), "/audit/backlog", "/etc/audit/rules.d")
		}
		return check.Passed(fmt.Sprintf("the backlog is %d records", a.Backlog))
	}),
	Examples: []check.Example{
		check.Passes("8192", audited()),
		check.Fails("not set", auditSet("x", "y"), "audit:backlog"),
		check.Skips("no auditd", sample()),
	},
}

// AuditEarly asks that what runs before auditd is audited as well.
var AuditEarly = &check.Check{
	ID:           "logging-audit-at-boot",
	Title:        "The audit starts with the kernel",
	Doc:          "Processes that start before auditd are never audited without audit=1, whatever they do later.",
	Remedy:       "Add audit=1 to GRUB_CMDLINE_LINUX in /etc/default/grub, then: sudo update-grub",
	Requirements: []string{"A.5.2.1"},
	References:   []string{"CIS Debian 12 6.2.1.3"},
	Needs:        []string{partBoot, partPrograms},
	Rule: check.On(func(f Fact, v estate.View, p check.Params) check.Result {
		if f.Static {
			return check.Unseen("the kernel's command line shows on the running host only")
		}
		switch {
		case f.Container && !f.runs("auditd"):
			return check.Inapplicable("the audit belongs to the kernel of the container's host")
		case !f.installed("auditd") && f.Missing()[partPrograms].Cause == "":
			return check.Inapplicable("auditd is not installed; logging-audit-installed asks for it")
		case f.Audit.AtBoot:
			return check.Passed("audit=1 on the kernel's command line")
		}
		if p, ok := f.Missing()[partBoot]; ok {
			return check.Unclear(&p)
		}
		return one("audit:boot", "audit=1 is not on the kernel's command line", "/audit", "/proc/cmdline")
	}),
	Examples: []check.Example{
		check.Passes("from the start", audited()),
		check.Fails("later", auditSet("x", "y"), "audit:boot"),
		check.Skips("no auditd", sample()),
		check.Leaves("a file tree", Fact{Static: true, Installed: []string{"auditd"}}),
	},
}
