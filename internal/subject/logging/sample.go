package logging

// sample is a host with a persistent journal and nothing else, from which examples depart.
func sample() Fact {
	return Fact{Init: true, Systemd: true, Running: []string{"systemd-journald"}, JournalOn: true,
		Journal: []Setting{{"storage", "persistent", "/etc/systemd/journald.conf:20"}}}
}

func sending(t Target) Fact {
	f := sample()
	f.Running = []string{"rsyslogd", "syslog-ng", "systemd-journald"}
	f.Targets = []Target{t}
	return f
}

func rsyslogWith(s ...Setting) Fact {
	return Fact{Init: true, Installed: []string{"rsyslogd"}, Running: []string{"rsyslogd"}, Settings: s}
}

// audited is a host whose audit covers every group.
func audited() Fact {
	f := sample()
	f.Installed, f.Running = []string{"auditd"}, []string{"auditd", "systemd-journald"}
	f.Audit = Audit{Immutable: "/etc/audit/rules.d/99-finalize.rules:1", Backlog: 8192, AtBoot: true}
	for _, name := range []string{"time", "identity", "sudoers", "logins", "sessions", "permissions", "modules", "mounts", "deletion", "network"} {
		g := groups[name]
		for _, p := range g.paths {
			f.Audit.Rules = append(f.Audit.Rules, AuditRule{Path: p, Perm: "wa", Source: "/etc/audit/rules.d/50.rules:1"})
		}
		if len(g.any) > 0 {
			f.Audit.Rules = append(f.Audit.Rules, AuditRule{Path: g.any[0], Perm: "wa", Source: "/etc/audit/rules.d/50.rules:1"})
		}
		if len(g.calls) > 0 {
			f.Audit.Rules = append(f.Audit.Rules, AuditRule{Calls: g.calls, Source: "/etc/audit/rules.d/50.rules:1"})
		}
	}
	return f
}
