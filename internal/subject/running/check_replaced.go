package running

import (
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// Current finds programs that run what an upgrade replaced.
var Current = &check.Check{
	ID:    "running-restart-needed",
	Title: "No program runs files that were replaced since it started",
	Doc: "An upgrade mends what is on disk. A service that started before it goes on with the old library in its memory, and with the flaw in it, " +
		"until it is restarted; no list of upgrades shows that.",
	Remedy:       "sudo systemctl restart UNIT\nsystemd itself: sudo systemctl daemon-reexec\ndbus, or when in doubt: sudo systemctl reboot",
	Requirements: []string{"A.5.9.1"},
	References:   []string{"ANSSI BP-028 R61"},
	Needs:        []string{partProcesses},
	Rule: check.On(func(f Fact, _ estate.View, _ check.Params) check.Result {
		var vs []check.Violation
		for _, s := range f.Stale {
			if !s.Session {
				vs = append(vs, check.Violation{Key: "process:" + s.Program, Detail: s.words(), At: "/stale"})
			}
		}
		return check.Failed("no program of a service runs a file that was replaced", vs)
	}),
	Examples: []check.Example{
		check.Passes("everything is as on disk", Fact{Processes: 64, Packages: []string{"openssh-server"}}),
		check.Passes("a shell from before the upgrade", Fact{Processes: 64, Stale: []Stale{{Program: "bash", Session: true, Files: []File{{"/usr/lib/x86_64-linux-gnu/libc.so.6", "libc6"}}}}}),
		check.Fails("a service with the old OpenSSL, and systemd", Fact{Processes: 64, Stale: []Stale{
			{Program: "nginx", Units: []string{"nginx.service"}, Files: []File{{"/usr/lib/x86_64-linux-gnu/libssl.so.3", "libssl3"}}},
			{Program: "systemd", Init: true, Units: []string{"init.scope"}, Files: []File{{"/usr/lib/x86_64-linux-gnu/libc.so.6", "libc6"}}},
		}}, "process:nginx", "process:systemd"),
	},
}

// words says which files of which packages, and how the program is restarted.
func (s Stale) words() string {
	var b strings.Builder
	b.WriteString(s.Program + " still runs ")
	for i, f := range s.Files[:min(len(s.Files), 3)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.Path)
		if f.Package != "" {
			b.WriteString(" of " + f.Package)
		}
	}
	if n := len(s.Files) - 3; n > 0 {
		b.WriteString(" and more")
	}
	b.WriteString(" from before it was replaced")
	switch {
	case s.Init:
		b.WriteString(": systemctl daemon-reexec")
	case s.Program == "dbus-daemon" || s.Program == "dbus-broker":
		b.WriteString(": only a reboot mends that")
	case len(s.Units) > 0:
		b.WriteString(": systemctl restart " + strings.Join(s.Units[:min(len(s.Units), 5)], " "))
	}
	return b.String()
}
