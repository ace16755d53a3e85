package listeners

import (
	"slices"
	"strconv"
	"strings"

	"holdfast.example/holdfast/internal/check"
	"holdfast.example/holdfast/internal/estate"
)

// RootService holds when no network service works as root.
var RootService = &check.Check{
	ID:    "listeners-root-service",
	Title: "No network service runs as root",
	Doc: "One flaw in a network service that runs as root gives the whole host away. A root parent that only " +
		"binds the port while its children serve as another user is told apart (nginx, Apache, php-fpm).",
	Remedy: "systemctl edit UNIT, then under [Service]: User=NAME (or DynamicUser=yes) and, for a port below 1024, " +
		"AmbientCapabilities=CAP_NET_BIND_SERVICE; systemctl restart UNIT.",
	Requirements: []string{"A.5.2.6"},
	Needs:        []string{partSockets, partProcesses},
	Rule:         check.On(rootService),
	Examples: []check.Example{
		check.Passes("nginx: root parent, unprivileged workers", facts(web())),
		check.Passes("sshd must be root to change users", facts(sshd())),
		check.Passes("own user", facts(tcp("0.0.0.0", 8080, user("java", "app", 998)))),
		check.Fails("root on all addresses", facts(tcp("0.0.0.0", 8080, root("python3.11"))), "listener:tcp/0.0.0.0:8080"),
		check.Fails("a parent whose children stay root", facts(tcp("0.0.0.0", 80, root("nginx"))), "listener:tcp/0.0.0.0:80"),
		check.Fails("root on loopback", facts(tcp("127.0.0.1", 631, root("cupsd"))), "listener:tcp/127.0.0.1:631"),
		check.Fails("a program that only bears the name of one that may", facts(tcp("0.0.0.0", 4444, Program{Name: "sshd", Exe: "/opt/x/sshd", User: "root"})), "listener:tcp/0.0.0.0:4444"),
	},
}

func rootService(f Fact, _ estate.View, p check.Params) check.Result {
	var faults []check.Violation
	for i, l := range f.Listeners {
		for j, prog := range l.Programs {
			if prog.UID != 0 || prog.RootParent || p.Has("allowed", prog.Name) && packaged(prog.Exe) {
				continue
			}
			v := check.Violation{Key: l.key(), At: pointer(i) + "/programs/" + strconv.Itoa(j), Source: l.seen(),
				Detail: prog.Name + " listens " + l.where() + " on port " + l.port() + " and runs as root" + inside(prog)}
			if l.loopback() {
				v.Severity, v.Why = check.Low, "only the host itself reaches it"
			}
			faults = append(faults, v)
		}
	}
	return check.Failed(count(len(f.Listeners), "listening socket")+" seen, none served by root", faults)
}

func inside(p Program) string {
	switch {
	case p.Container != "":
		return " in a container of " + p.Container
	case p.Unit != "":
		return " (" + p.Unit + ")"
	}
	return ""
}

// packaged tells whether a program lies where only the package manager writes; an unknown path
// counts, for an unprivileged look shows names only.
func packaged(exe string) bool {
	return exe == "" || slices.ContainsFunc([]string{"/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/snap/"},
		func(dir string) bool { return strings.HasPrefix(exe, dir) })
}

// Capabilities holds when no network service has a capability that is as good as root.
var Capabilities = &check.Check{
	ID:    "listeners-capabilities",
	Title: "No network service holds a capability that is as good as root",
	Doc: "CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_MODULE, CAP_DAC_OVERRIDE and the like let a service take over " +
		"the host although it runs under a user of its own.",
	Remedy:       "systemctl edit UNIT, then under [Service]: CapabilityBoundingSet= and AmbientCapabilities= with only what is needed; getcap /path/of/program shows file capabilities.",
	Requirements: []string{"A.5.2.6"},
	Needs:        []string{partSockets, partProcesses},
	Rule:         check.On(dangerous),
	Examples: []check.Example{
		check.Passes("a low port only", facts(tcp("0.0.0.0", 443, with(user("caddy", "caddy", 994), "CAP_NET_BIND_SERVICE")))),
		check.Passes("full root is a matter of listeners-root-service", facts(sshd())),
		check.Passes("the usual set of a container", facts(tcp("0.0.0.0", 80, contained(with(root("nginx"), "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_NET_BIND_SERVICE"))))),
		check.Fails("an own user with CAP_SYS_ADMIN", facts(tcp("0.0.0.0", 8080, with(user("java", "app", 998), "CAP_SYS_ADMIN"))), "unit:app.service"),
		check.Fails("a container with CAP_SYS_ADMIN", facts(tcp("0.0.0.0", 8080, contained(with(root("agent"), "CAP_CHOWN", "CAP_SYS_ADMIN")))), "program:agent"),
		check.Fails("a privileged container", facts(tcp("0.0.0.0", 8080, contained(root("agent")))), "program:agent"),
		check.Fails("all capabilities without root", facts(tcp("127.0.0.1", 8080, with(user("java", "app", 998), "all"))), "unit:app.service"),
	},
}

func dangerous(f Fact, _ estate.View, p check.Params) check.Result {
	var faults []check.Violation
	for i, l := range f.Listeners {
		for j, prog := range l.Programs {
			list := "unprivileged"
			if prog.UID == 0 {
				if prog.Container == "" {
					continue // root by itself is what listeners-root-service speaks of
				}
				list = "root"
			}
			held := slices.DeleteFunc(slices.Clone(prog.Caps), func(c string) bool { return !p.Has(list, c) })
			if prog.all() {
				held = []string{"all capabilities"}
			}
			if len(held) == 0 || p.Has("allowed", prog.Name) && packaged(prog.Exe) {
				continue
			}
			faults = append(faults, check.Violation{Key: prog.owner(), At: pointer(i) + "/programs/" + strconv.Itoa(j), Source: l.seen(),
				Detail: prog.Name + " (user " + prog.User + ") listens " + l.where() + " on port " + l.port() + " and holds " + join(held)})
		}
	}
	return check.Failed("no service holds a capability that is as good as root", faults)
}

// OwnUser holds when network services do not share an account.
var OwnUser = &check.Check{
	ID:    "listeners-own-user",
	Title: "Each network service has a user of its own",
	Doc: "Services under one user can read each other's files and memory: a flaw in one is a flaw in all. " +
		"Containers and sandboxed units (no new privileges and a system call filter) count as isolated.",
	Remedy:       "Give each unit its own User= or DynamicUser=yes (systemctl edit UNIT), or run it in a container.",
	Requirements: []string{"A.5.2.6"},
	Needs:        []string{partSockets, partProcesses},
	Rule:         check.On(ownUser),
	Examples: []check.Example{
		check.Passes("two services, two users", facts(tcp("0.0.0.0", 8080, user("java", "app", 998)), tcp("0.0.0.0", 5432, user("postgres", "postgres", 110)))),
		check.Passes("one service, two ports", facts(tcp("0.0.0.0", 8080, user("java", "app", 998)), tcp("0.0.0.0", 8443, user("java", "app", 998)))),
		check.Passes("one of the two is sandboxed", facts(tcp("0.0.0.0", 8080, user("java", "app", 998)), tcp("0.0.0.0", 9000, sandboxed(named(user("node", "app", 998), "api.service"))))),
		check.Fails("two services of one user", facts(tcp("0.0.0.0", 8080, user("java", "nobody", 65534)), tcp("127.0.0.1", 9000, named(user("node", "nobody", 65534), "api.service"))), "user:nobody"),
	},
}

func ownUser(f Fact, _ estate.View, _ check.Params) check.Result {
	owners, first := map[string][]string{}, map[string]string{}
	for i, l := range f.Listeners {
		for j, prog := range l.Programs {
			if prog.UID == 0 || prog.Container != "" || prog.NoNewPrivs && prog.Seccomp {
				continue
			}
			if o := prog.owner(); !slices.Contains(owners[prog.User], o) {
				owners[prog.User] = append(owners[prog.User], o)
				first[prog.User] = pointer(i) + "/programs/" + strconv.Itoa(j)
			}
		}
	}
	var faults []check.Violation
	for user, list := range owners {
		if len(list) < 2 {
			continue
		}
		slices.Sort(list)
		faults = append(faults, check.Violation{Key: "user:" + user, At: first[user], Source: "/proc/*/status",
			Detail: count(len(list), "network service") + " run as " + user + ": " + join(list)})
	}
	return check.Failed("no two network services share a user", faults)
}
