package listeners

import (
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// DeletedProgram holds when network services run the program that is installed.
var DeletedProgram = &check.Check{
	ID:    "listeners-deleted-program",
	Title: "No network service runs a program that was replaced",
	Doc: "After an update the old program keeps running, with all its flaws, until the service is restarted. " +
		"The package manager shows the new version all the while.",
	Remedy:       "systemctl restart UNIT; needrestart -r a finds and restarts all such services.",
	Requirements: []string{"A.5.9.1"},
	Needs:        []string{partSockets, partProcesses},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		return eachProgram(f, "all network services run the program that is installed", func(prog Program) string {
			if !prog.Deleted || temporary(prog, p.Strings("folders")) != "" {
				return ""
			}
			return prog.Name + " still runs " + prog.Exe + " as it was before it was replaced or removed"
		})
	}),
	Examples: []check.Example{
		check.Passes("as installed", facts(web(), sshd())),
		check.Fails("replaced", facts(tcp("0.0.0.0", 80, replaced(user("nginx", "www-data", 33)))), "unit:nginx.service"),
	},
}

// TemporaryProgram holds when no network service runs from a folder that anybody can write.
var TemporaryProgram = &check.Check{
	ID:    "listeners-temporary-program",
	Title: "No network service runs from a folder that anybody can write",
	Doc: "No package installs programs in /tmp, /var/tmp or /dev/shm, and none runs from memory alone. " +
		"What listens from there was dropped by somebody: treat it as a break-in until you know better.",
	Remedy:       "Find out what it is before you stop it: ls -l /proc/PID/exe, cat /proc/PID/cmdline, systemctl status PID. Then report an incident.",
	Requirements: []string{"A.5.2.1", "A.5.2.2"},
	Needs:        []string{partSockets, partProcesses},
	Rule: check.On(func(f Fact, _ estate.View, p check.Params) check.Result {
		return eachProgram(f, "no network service runs from a folder that anybody can write", func(prog Program) string {
			where := temporary(prog, p.Strings("folders"))
			if where == "" {
				return ""
			}
			return prog.Name + " (user " + prog.User + ") runs from " + where
		})
	}),
	Examples: []check.Example{
		check.Passes("installed programs", facts(web(), sshd())),
		check.Passes("a folder with such a name elsewhere", facts(tcp("0.0.0.0", 80, Program{Name: "app", Exe: "/opt/tmp/app", User: "app", UID: 998}))),
		check.Fails("from /tmp", facts(tcp("0.0.0.0", 4444, Program{Name: "x", Exe: "/tmp/.x/x", User: "www-data", UID: 33})), "program:x"),
		check.Fails("from memory", facts(tcp("127.0.0.1", 4444, Program{Name: "memfd:a", Exe: "/memfd:a", Deleted: true, User: "www-data", UID: 33})), "program:memfd:a"),
	},
}

func temporary(p Program, folders []string) string {
	if strings.HasPrefix(p.Exe, "/memfd:") {
		return "memory, without a file"
	}
	for _, dir := range folders {
		if strings.HasPrefix(p.Exe, dir+"/") {
			return p.Exe
		}
	}
	return ""
}

// eachProgram fails for each program of which wrong has something to say.
func eachProgram(f Fact, none string, wrong func(Program) string) check.Result {
	var faults []check.Violation
	for i, l := range f.Listeners {
		for j, prog := range l.Programs {
			if text := wrong(prog); text != "" {
				faults = append(faults, check.Violation{Key: prog.owner(), At: pointer(i) + "/programs/" + strconv.Itoa(j),
					Source: "/proc/*/exe", Detail: text + " and listens " + l.where() + " on port " + l.port()})
			}
		}
	}
	return check.Failed(none, faults)
}
